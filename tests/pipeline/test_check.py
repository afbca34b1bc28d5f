"""`tamis check`: faults, maturity, leaks and what is missing, told in both languages, without a byte written."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.settings_file import from_dict
from pipeline.settings_template import render

DAY_S = 86_400


def tree(root: Path) -> dict[str, str]:
    """Every path below a folder, with the hash of its bytes and when it was changed."""
    return {
        str(path.relative_to(root)): f"{path.stat().st_mtime_ns} "
        + (hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "")
        for path in sorted(root.rglob("*"))
    }


@pytest.fixture
def company(tmp_path: Path) -> Callable[..., Path]:
    """A workspace of tables: leads of 2024, every third won after 30 days, with one column that gives it away."""

    def make(n: int = 300, *, language: str = "en", extra: tuple[str, ...] = (), source: dict | None = None) -> Path:
        root = tmp_path / "crm"
        (root / "data").mkdir(parents=True)
        month = [f"{2024 + number * 15 // n // 12}-{number * 15 // n % 12 + 1:02d}" for number in range(n)]
        leads = ["lead_id,created_at,source,signed_by"]
        outcomes = ["lead_id,decided_at,outcome,amount"]
        for number in range(n):
            won = number % 3 == 0
            leads.append(f"L{number},{month[number]}-02,{'web' if number % 2 else 'fair'},{'Kim' if won else ''}")
            outcomes.append(f"L{number},{month[number]}-27,{'won' if won else 'lost'},{100 if won else ''}")
        (root / "data" / "leads.csv").write_text("\n".join([*leads, *extra]) + "\n")
        (root / "data" / "outcomes.csv").write_text("\n".join(outcomes) + "\n")
        raw = {"output": {"language": language}, "source": {"max_faulty_rate": 0.05, **(source or {})}}
        raw["snapshots"] = {"horizon_days": 90, "grid": "age"}
        (root / "tamis.toml").write_text(render(from_dict(raw)), encoding="utf-8")
        return root

    return make


def test_a_check_writes_nothing_at_all(tamis, company) -> None:
    root = company(extra=("L1,2024-05-01,web,", "L900,not a date,web,"))
    before = tree(root)
    assert tamis("check", "-w", root).code == 0
    assert tamis("check", "-w", root, "--json").code == 0
    assert tree(root) == before


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "en",
            (
                "Table     read  kept  set aside",
                "Cohort",
                "To learn from: 80 won and 160 lost leads.",
                "(fit__signed_by): filled for 100% of the 80 won leads and 0% of the 160 others. It looks filled in",
                'Left out. If it is known before the decision: features.allow_suspects = ["fit__signed_by"].',
                "A model would look at",
            ),
        ),
        (
            "fr",
            (
                "Table     lues  gardées  mises de côté",
                "Cohorte",
                "Pour apprendre : 80 leads gagnés et 160 perdus.",
                "remplie pour 100 % des 80 leads gagnés et 0 % des 160 autres. Elle semble remplie",
                "Hors du modèle. Si l'information est connue avant la décision",
                "Un modèle regarderait",
            ),
        ),
    ],
)
def test_tables_cohorts_leads_and_leaks_are_told_in_both_languages(tamis, company, language, sentences) -> None:
    said = tamis("check", "-w", company(language=language))
    assert said.code == 0, said
    flat = " ".join(said.out.split())
    for sentence in sentences:
        assert " ".join(sentence.split()) in flat, said.out


def test_cohorts_that_are_not_mature_say_from_when_they_are(tamis, company) -> None:
    root = company()
    found = json.loads(tamis("check", "-w", root, "--json").out)
    waiting = [row for row in found["maturity"] if not row["is_mature"]]
    assert [row["cohort"] for row in waiting] == ["2025-01", "2025-02", "2025-03"]
    assert all(row["n_won"] is None for row in waiting)
    # The whole cohort: 90 days after its last possible cutoff.
    assert all(row["matures_at"] >= 90 * DAY_S + 1_735_689_600 for row in waiting)
    out = tamis("check", "-w", root).out
    assert "2025-03  20     –    from 2025-" in out
    assert "2024-12  20" in out


def test_faults_are_shown_and_the_run_goes_on_below_the_share(tamis, company) -> None:
    root = company(extra=("L1,2024-05-01,web,", "L900,not a date,web,"))
    said = tamis("check", "-w", root)
    assert said.code == 0, said
    flat = " ".join(said.out.split())
    assert "leads.lead_id: 1 row repeating a lead_id" in flat
    assert "leads.created_at: 1 row" in flat
    found = json.loads(tamis("check", "-w", root, "--json").out)
    assert found["tables"]["leads"]["read"] == 302
    assert found["tables"]["leads"]["kept"] + found["tables"]["leads"]["quarantined"] == 302
    assert {item["reason"] for item in found["faults"]["items"]} >= {"duplicate_id"}


def test_above_the_share_it_exits_3_with_every_fault(tamis, company) -> None:
    root = company(extra=("L1,2024-05-01,web,", ",2024-05-01,web,"), source={"max_faulty_rate": 0.001})
    before = tree(root)
    said = tamis("check", "-w", root, "--json")
    assert said.code == 3
    message = json.loads(said.out)["error"]
    assert "repeating a lead_id" in message
    assert "without lead_id" in message
    assert tree(root) == before


def test_notices_are_shown_even_where_nothing_is_wrong(tamis, company) -> None:
    root = company()
    outcomes = root / "data" / "outcomes.csv"
    lines = outcomes.read_text().splitlines()
    outcomes.write_text("\n".join([f"{lines[0]},colour", *(f"{line},red" for line in lines[1:])]) + "\n")
    said = tamis("check", "-w", root)
    assert said.code == 0
    assert "columns that are not read: colour" in said.out


def test_too_few_leads_exit_4_and_say_what_is_missing_and_how_long(tamis, company) -> None:
    root = company(60)
    said = tamis("check", "-w", root)
    assert said.code == 4
    assert "To learn from: 16 won and 32 lost leads." in said.out
    assert "expected at least 40 won and 40 lost, found 16 won and 32 lost. 24 won are missing" in said.err
    assert "they will be there in about" in said.err
    as_json = tamis("check", "-w", root, "--json")
    assert json.loads(as_json.out)["too_few"] in as_json.err
    trained = tamis("train", "-w", root)
    assert (trained.code, trained.out, trained.err) == (4, "", said.err)


def test_leads_without_any_outcome_yet_are_too_few(tamis, company) -> None:
    root = company()
    outcomes = root / "data" / "outcomes.csv"
    lines = outcomes.read_text().splitlines()
    outcomes.write_text("\n".join([lines[0], *(line for line in lines[1:] if "lost" in line)]) + "\n")
    said = tamis("check", "-w", root)
    assert said.code == 4
    assert "found 0 won" in said.err
    assert "they never will be" in said.err


def test_leads_without_a_place_for_outcomes_are_bad_use(tamis, company) -> None:
    root = company()
    (root / "data" / "outcomes.csv").unlink()
    said = tamis("check", "-w", root)
    assert said.code == 2
    assert "Training needs an outcomes table" in said.err


def test_what_is_refused_is_not_among_the_columns_that_a_model_would_look_at(tamis, company) -> None:
    found = json.loads(tamis("check", "-w", company(), "--json").out)
    assert not [name for name in found["features"] if "signed_by" in name]
    assert [item["reason"] for item in found["dropped"] if item["name"] == "fit__signed_by"] == ["leak"]


def test_identifiers_are_named(tamis, company) -> None:
    root = company()
    leads = root / "data" / "leads.csv"
    lines = leads.read_text().splitlines()
    leads.write_text(
        "\n".join([f"{lines[0]},quote_ref", *(f"{line},Q{7 * n}" for n, line in enumerate(lines[1:]))]) + "\n"
    )
    said = tamis("check", "-w", root)
    assert "fit__quote_ref identifies a lead instead of describing it: not used" in " ".join(said.out.split())


def test_a_column_that_is_excluded_is_no_longer_suspect(tamis, company) -> None:
    root = company()
    settings = root / "tamis.toml"
    assert json.loads(tamis("check", "-w", root, "--json").out)["suspects"][0]["code"] == "filled_won"
    settings.write_text(settings.read_text().replace("exclude = []", 'exclude = ["signed_by"]'))
    found = json.loads(tamis("check", "-w", root, "--json").out)
    assert found["suspects"] == []
    assert not [name for name in found["features"] if "signed_by" in name]


def test_a_column_that_is_too_good_to_be_true_is_suspect(tamis, company) -> None:
    root = company()
    leads = root / "data" / "leads.csv"
    lines = leads.read_text().splitlines()
    scores = (f"{line},{number % 50 + 90 * (number % 3 == 0)}" for number, line in enumerate(lines[1:]))
    leads.write_text("\n".join([f"{lines[0]},satisfaction", *scores]) + "\n")
    said = tamis("check", "-w", root)
    seen = "it alone ranks leads with an AUC of 1.000: 100% of the won leads and 0% of the others have 90 or more."
    assert seen in " ".join(said.out.split())


def test_without_settings_it_says_what_to_run(tamis, tmp_path) -> None:
    said = tamis("check", "--workspace", tmp_path)
    assert (said.code, said.out) == (2, "")
    assert f"No tamis.toml in {tmp_path}. Run 'tamis init" in said.err
