"""Models of a store that others can write: what was not signed with the key is neither loaded nor promoted."""

import sqlite3
from contextlib import closing

import pytest

from features.errors import DataError
from models.lead_model import LeadModel
from pipeline.settings import RegistrySettings
from pipeline.tracking import Registry
from pipeline.workspace import Workspace

KEY = "a key of the tests"
MOVE = {"by": "ana", "why": "tests", "at": 0}


def registry(workspace: Workspace, key: str | None, name: str = "tamis") -> Registry:
    return Registry(workspace, RegistrySettings.model_validate({"signing_key": key, "name": name}))


def save(to: Registry, model: LeadModel) -> None:
    to.save(model.dump(), parameters={}, figures={}, artifacts={}, card="card", lineage={}, tags={"gates": "passed"})


def test_a_signed_model_is_loaded_by_who_has_the_key_and_by_who_asks_for_none(workspace, small_model) -> None:
    save(registry(workspace, KEY), small_model)
    assert registry(workspace, KEY).load(1)[1] == registry(workspace, None).load(1)[1] == small_model.dump()


@pytest.mark.parametrize("key", [None, "another key"])
def test_a_model_that_was_not_signed_with_the_key_is_refused(workspace, small_model, key) -> None:
    save(registry(workspace, key), small_model)
    ours = registry(workspace, KEY)
    word = "none" if key is None else "another one"
    with pytest.raises(DataError, match=f"expected a signature made with TAMIS_REGISTRY__SIGNING_KEY, found {word}"):
        ours.load(1)
    with pytest.raises(DataError, match="expected a signature"):
        ours.promote(1, **MOVE)
    assert ours.find("champion") is None


def test_hashes_that_somebody_wrote_anew_are_refused(workspace, small_model) -> None:
    save(registry(workspace, KEY), small_model)
    with closing(sqlite3.connect(workspace.home / "mlflow.db")) as connection, connection:
        connection.execute("UPDATE model_version_tags SET value = '{}' WHERE key = 'files'")
    with pytest.raises(DataError, match="found another one"):
        registry(workspace, KEY).load(1)


def test_the_key_is_in_no_file_and_in_no_setting_that_is_shown(workspace, small_model) -> None:
    ours = registry(workspace, KEY)
    save(ours, small_model)
    assert not [path for path in workspace.home.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert KEY not in repr(RegistrySettings.model_validate({"signing_key": KEY}))
