"""The settings: defaults, faults with the nearest name, environment, secrets, and the file that `init` writes."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import UseError
from pipeline.settings import Settings
from pipeline.settings_file import FILE_NAME, from_dict, load
from pipeline.settings_template import render, toml


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ({"treshold": {}}, "[treshold]: unknown section. Did you mean 'threshold'?"),
        ({"zzz": 1}, "[zzz]: unknown section. Known here: source, enrichment, snapshots"),
        ({"threshold": {"win_valu": 1}}, "[threshold.win_valu]: unknown key. Did you mean 'win_value'?"),
        ({"crm": {"propensity": "x"}}, "If it is a line of [crm.fields], that header goes above it."),
        ({"threshold": {"trade_show": 1}}, "[threshold.contact_costs] or [threshold.capacity_per_owner], that header"),
        ({"source": {"tables": {"lead": {}}}}, "[source.tables.lead]: unknown table. Did you mean 'leads'?"),
        ({"source": {"tables": {"events": {"colums": {}}}}}, "[source.tables.events.colums]: unknown key."),
        ({"points": {"rules": [{"colum": "x", "points": 1}]}}, "unknown key. Did you mean 'column'?"),
        ({"points": {"rules": [{"column": "x", "points": 1}]}}, "expected either at_least or equals"),
        ({"points": {"icp": [{"colum": "x", "equals": "y"}]}}, "unknown key. Did you mean 'column'?"),
        ({"points": {"rules": [{"column": "x", "equals": "y", "points": 1, "also": [{"colum": 1}]}]}}, "'column'?"),
        (
            {"points": {"preset": "icp60", "threshold": 50}},
            'expected a preset or rules of your own, found preset = "icp60"',
        ),
        (
            {"points": {"preset": "icp60", "rules": [{"column": "x", "equals": "y", "points": 1}]}},
            "expected a preset or",
        ),
        (
            {"threshold": {"rule": "capacity", "per_lead": True}},
            'expected rule = "value" with per_lead, found "capacity"',
        ),
        ({"threshold": {"capacity_per_owner": {"Zoé": 3}}}, 'expected rule = "capacity" with capacities by owner'),
        ({"threshold": {"contact_cost": 0, "contact_costs": {"fair": 3}}}, "expected contact_cost above 0"),
        ({"threshold": {"contact_costs": {"fair": 0}}}, "threshold.contact_costs.fair: Input should be greater than 0"),
        ({"threshold": {"margin_rate": 1.5}}, "threshold.margin_rate: Input should be less than or equal to 1"),
        ({"periods": {"fit": 0.9}}, "expected fit + calibrate + threshold + test = 1, found 1.35"),
        ({"source": {"time_zone": "Europe/Pari"}}, "found 'Europe/Pari'. Did you mean 'Europe/Paris'?"),
        ({"source": {"csv": {"delimiter": ";;"}}}, "expected auto or one character, found ';;'"),
        ({"source": {"password": "hunter2"}}, "a secret does not belong in a file. Set TAMIS_SOURCE__PASSWORD"),
        ({"model": {"folds": -1}}, "model.folds: Input should be greater than or equal to 0"),
        ({"source": {"tables": {"events": {"columns": {"when": "x"}}}}}, "[source.tables.events.columns] 'when'"),
        ({"segments": {"Outbound": {"direction": "x"}}}, "[segments.Outbound]: expected a name of at most 31 small"),
        ({"segments": {"all": {"direction": "x"}}}, "that begins with a letter and is not 'all'"),
        ({"segments": {"a": {}}}, "[segments.a]: expected at least one filter such as direction"),
        ({"segments": {"a": "outbound"}}, "[segments.a]: expected at least one filter such as direction"),
        ({"segments": ["a"]}, "segments: expected tables such as [segments.outbound], found list"),
        ({"segments": {"a": {"country": []}}}, "[segments.a] country: expected a text, a list of texts, or limits"),
        ({"segments": {"a": {"employees": 50}}}, "or limits such as { at_least = 50, below = 250 }, found 50"),
        ({"segments": {"a": {"employees": {"min": 5}}}}, "found {'min': 5}"),
        ({"segments": {"a": {"employees": {"below": True}}}}, "found {'below': True}"),
        ({"segments": {"a": {"employees": {"at_least": 9, "below": 9}}}}, "expected at_least < below, found 9 and 9"),
    ],
)
def test_a_fault_names_its_place_and_the_way_out(raw: dict, sentence: str) -> None:
    with pytest.raises(UseError) as caught:
        from_dict(raw)
    assert sentence in str(caught.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(UseError, match="has 3 faults") as caught:
        from_dict({"modl": {}, "threshold": {"rule": "luck", "win_value": -1}})
    assert str(caught.value).count("\n- ") == 3


def test_all_faults_of_segments_are_told_at_once() -> None:
    with pytest.raises(UseError) as caught:
        from_dict({"segments": {"A": {"country": 3}, "b": {}, "c": {"x": ""}}})
    assert [f"[segments.{name}]" in str(caught.value) for name in "Abc"] == [True] * 3


def test_a_secret_in_the_file_is_not_repeated_in_the_message() -> None:
    with pytest.raises(UseError) as caught:
        from_dict({"registry": {"token": "s3cret"}})
    assert "s3cret" not in str(caught.value)


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAMIS_THRESHOLD__WIN_VALUE", "8000")
    assert from_dict({"threshold": {"win_value": 1000, "rule": "capacity"}}).threshold.win_value == 8000


def test_secrets_come_from_a_folder_and_are_never_printed(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "source__password").write_text("s3cret")
    monkeypatch.setenv("TAMIS_SECRETS_DIR", str(tmp_path))
    settings = from_dict({})
    assert settings.source.password is not None
    assert settings.source.password.get_secret_value() == "s3cret"
    assert "s3cret" not in f"{settings!r} {settings.model_dump_json()} {render(settings)}"


def test_the_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().threshold.win_value = 1  # type: ignore[misc]


def test_the_written_file_shows_every_setting_and_reads_back_the_same() -> None:
    text = render(Settings())
    assert "# [segments.outbound]" in text
    for section in set(Settings.model_fields) - {"segments", "enrichment"}:
        for name in type(getattr(Settings(), section)).model_fields:
            assert name in text, f"{section}.{name}"
    assert from_dict(tomllib.loads(text)) == Settings()


def test_a_file_with_tables_labels_costs_and_grids_reads_back_the_same() -> None:
    settings = from_dict(
        {
            "threshold": {
                "rule": "capacity",
                "capacity_per_owner": {"Zoé Le Goff": 3},
                "contact_costs": {"salon": 320},
            },
            "points": {
                "icp": [{"column": "employees", "at_least": 20, "at_most": 500}],
                "territory": [{"column": "country", "equals": ["FR", "BE"]}],
                "rules": [{"column": "a", "at_least": 3, "also": [{"column": "b", "at_least": 1}], "points": 15}],
            },
            "source": {"tables": {"leads": {"path": "é.csv", "columns": {"lead_id": "N° client", "source": 'a"b'}}}},
            "segments": {
                "grands_comptes": {"employees": {"at_least": 250.5}, "Zone é": ["DE", 'A"T']},
                "b": {"direction": "outbound", "age": {"at_least": 1, "below": 2}},
            },
            "features": {"families": {"clics": "engagement"}, "labels": {"x y": {"en": "X", "fr": "Ç"}}},
        }
    )
    again = from_dict(tomllib.loads(render(settings)))
    assert again == settings
    assert list(again.segments) == ["grands_comptes", "b"]


@given(st.text())
def test_any_text_survives_toml(text: str) -> None:
    assert tomllib.loads(f"x = {toml(text)}")["x"] == text


def test_a_workspace_without_settings_says_what_to_run(tmp_path) -> None:
    with pytest.raises(UseError, match="Run 'tamis init"):
        load(tmp_path)


@pytest.mark.parametrize("content", [b"[model\n", "[model]\nseed = 1 # \xe9".encode("latin-1")])
def test_a_file_that_is_not_toml_is_named(tmp_path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(UseError, match=r"tamis\.toml: expected TOML in UTF-8"):
        load(tmp_path)
