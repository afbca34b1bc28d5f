"""The monitor: what comes first, what is wrong, in words and as data."""

import json
import shutil

import pandas as pd
import pytest

from features.errors import UseError
from pipeline import monitor
from pipeline.console import Console
from pipeline.score import Request, score
from pipeline.score_runs import published

NOW = 1_791_000_000


def test_it_tells_the_first_reasons_of_the_newest_run_and_that_all_is_well(demo_copy, capsys):
    monitor.run(demo_copy.root, now=NOW, console=Console(as_json=True))
    shown = json.loads(capsys.readouterr().out)
    rows = published(demo_copy.workspace)[0].rows(["reasons"]).column(0).to_pylist()
    first = pd.Series([reasons[0]["code"] for reasons in rows if reasons]).value_counts()
    assert {reason["code"]: reason["n_leads"] for reason in shown["first_reasons"]} == first.to_dict()
    shares = [reason["share"] for reason in shown["first_reasons"]]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) <= 1 + 1e-9
    monitor.run(demo_copy.root, now=NOW, console=Console())
    page = capsys.readouterr().out
    assert shown["first_reasons"][0]["en"] in page
    assert ("No alarm." in page) == (shown["alarms"] == [])


def test_when_a_column_goes_blank_the_manifest_the_score_verb_and_the_monitor_say_so(demo_copy, capsys):
    shutil.rmtree(demo_copy.workspace.scores)
    for name in ("events", "signals", "answers", "changes"):
        (demo_copy.root / "data" / f"{name}.csv").unlink()
    path = demo_copy.root / "data" / "leads.csv"
    leads = pd.read_csv(path, dtype="str", keep_default_na=False)
    same = {"job_title": "Stagiaire", "seniority": "", "source": "webinar", "licences_planned": "", "crm_used": ""}
    leads.assign(**same).to_csv(path, index=False)
    accounts = demo_copy.root / "data" / "accounts.csv"
    table = pd.read_csv(accounts, dtype="str", keep_default_na=False)
    table.assign(employees="", revenue="", industry="", employees_growth="", founded_on="").to_csv(
        accounts, index=False
    )
    run_ = score(demo_copy.workspace, demo_copy.settings, Request(), now=NOW + 60, console=Console()).run
    (alarm,) = [alarm for alarm in run_.manifest["alarms"] if alarm["kind"] == "same_first_reason"]
    assert alarm["share"] > 0.5
    monitor.run(demo_copy.root, now=NOW, console=Console())
    assert alarm["en"] in " ".join(capsys.readouterr().out.split())


def test_without_a_run_it_says_what_to_do(demo_copy):
    shutil.rmtree(demo_copy.workspace.scores)
    with pytest.raises(UseError, match=r"There is no score run of the open leads yet\. Run 'tamis score' first"):
        monitor.run(demo_copy.root, now=NOW, console=Console())
