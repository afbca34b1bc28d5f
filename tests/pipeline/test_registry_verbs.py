"""``tamis models``, ``promote`` and ``rollback``: what they show, do and keep."""

import json

import pytest

from features.errors import GateError, UseError
from pipeline import registry as verbs
from pipeline.console import Console
from pipeline.tracking import Registry

NOON = 1_790_000_000


@pytest.fixture
def three(company, small_model):
    """A workspace with three versions, the second one refused by its gates."""
    workspace = company()
    registry = Registry(workspace, verbs.load(workspace.root).registry)
    for gates in ("passed", "refused: AUC [0.4; 0.6]", "passed"):
        registry.save(
            small_model.dump(),
            parameters={},
            figures={"tamis.auc": 0.81, "tamis.log_loss": 0.2745},
            artifacts={},
            card="",
            lineage={},
            tags={"gates": gates},
        )
    return workspace


def decision(why="", at=NOON):
    return verbs.Decision(by="ana", why=why, at=at)


def shown(capsys):
    return json.loads(capsys.readouterr().out)


def state(workspace, capsys):
    capsys.readouterr()
    verbs.show(workspace.root, console=Console(as_json=True))
    return shown(capsys)


def test_promote_and_rollback_move_the_champion_and_leave_their_history(three, capsys):
    quiet = Console(as_json=True)
    verbs.promote(three.root, 1, decision("first"), force=False, console=quiet)
    verbs.promote(three.root, 3, decision("better", NOON + 60), force=False, console=quiet)
    assert [version["aliases"] for version in state(three, capsys)["versions"]] == [["champion"], [], []]

    verbs.rollback(three.root, decision("complaints", NOON + 120), console=quiet)
    assert shown(capsys) == {"champion": 1, "by": "ana", "why": "complaints", "at": NOON + 120}
    result = state(three, capsys)
    assert [version["number"] for version in result["versions"] if "champion" in version["aliases"]] == [1]
    assert [(m["number"], m["previous"], m["why"], m["at"], m["is_rollback"]) for m in result["history"]] == [
        (1, None, "first", NOON, False),
        (3, 1, "better", NOON + 60, False),
        (1, 3, "complaints", NOON + 120, True),
    ]
    with pytest.raises(UseError, match="No earlier champion to return to"):
        verbs.rollback(three.root, decision(), console=quiet)


def test_a_refused_version_is_promoted_only_by_force(three, capsys):
    with pytest.raises(GateError, match=r"AUC \[0\.4; 0\.6\]"):
        verbs.promote(three.root, 2, decision(), force=False, console=Console())
    assert state(three, capsys)["history"] == []
    verbs.promote(three.root, 2, decision("a test"), force=True, console=Console())
    assert capsys.readouterr().out == "Model 2 is champion now.\n"


def test_a_version_that_does_not_exist_is_told_with_those_that_do(three):
    with pytest.raises(UseError, match=r"Model 9 is not in .*Known versions: 3 \(challenger\), 2, 1"):
        verbs.promote(three.root, 9, decision(), force=False, console=Console())


def test_the_list_shows_figures_aliases_and_why_a_version_was_refused(three, capsys):
    verbs.promote(three.root, 1, decision(), force=False, console=Console(as_json=True))
    capsys.readouterr()
    verbs.show(three.root, console=Console())
    page = capsys.readouterr().out
    for words in ("champion", "challenger", "0.2745", "0.8100", "passed", "AUC [0.4; 0.6]"):
        assert words in page


def test_the_list_reads_in_french_and_says_when_it_is_empty(company, capsys):
    workspace = company(output={"language": "fr"})
    verbs.show(workspace.root, console=Console())
    assert capsys.readouterr().out == "Aucun modèle pour l'instant. Lancez d'abord « tamis train ».\n"
