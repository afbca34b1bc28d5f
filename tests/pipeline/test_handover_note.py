"""The hand-over note in a CRM: with leads that wait for their first contact, and with no other."""

import csv
import json

from pipeline.crm.fields import NOTE
from pipeline.score_runs import published
from pipeline.settings_file import FILE_NAME
from pipeline.settings_template import render


def test_the_note_goes_with_leads_that_wait_for_their_first_contact_and_with_no_other(demo_copy, tamis):
    rows = published(demo_copy.workspace)[0].rows(["lead_id", "due_at"]).to_pandas()
    folder = demo_copy.root / "to import"
    crm = {"adapter": "csv", "url": str(folder), "key": "Record ID", "text_length": 400}
    crm |= {"fields": {NOTE: "Note", "reasons": "Reasons", "band": "Band"}}
    settings = demo_copy.settings
    changed = settings.model_copy(update={"crm": type(settings.crm)(**crm)})
    (demo_copy.root / FILE_NAME).write_text(render(changed), encoding="utf-8")
    said = tamis("push", "--json", "-w", demo_copy.root)
    assert said.code == 0, said.err + said.out
    found = {}
    for path in folder.glob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            found |= {row["Record ID"]: row for row in csv.DictReader(file)}
    waits = set(rows.loc[rows["due_at"].notna(), "lead_id"])
    assert set(found) == set(rows["lead_id"])
    assert 0 < len(waits) < len(rows)
    assert {lead for lead, row in found.items() if row["Note"]} == waits
    assert all(found[lead]["Note"].startswith("To contact by ") for lead in waits)
    assert all(len(found[lead]["Note"]) <= 400 for lead in waits)
    assert all("▲" in row["Reasons"] or "▼" in row["Reasons"] for row in found.values())
    assert json.loads(tamis("push", "--json", "-w", demo_copy.root).out)["unchanged"] == len(rows)
