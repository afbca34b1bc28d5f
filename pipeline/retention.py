"""How long score runs are kept: ``limits.keep_runs``, put into practice by ``tamis score``.

A score run is the record of what was decided about each lead, so nothing is removed unless the settings say so.
"""

import operator
from collections.abc import Sequence
from datetime import UTC, datetime

from features.errors import OutsideError
from pipeline.handovers import in_force
from pipeline.page.places import home
from pipeline.score_runs import ScoreRun, published
from pipeline.workspace import Workspace


def prune(workspace: Workspace, keep: int) -> list[str]:
    """Remove old score runs, each whole, and what the monitor found about them.

    Parameters
    ----------
    workspace : Workspace
        With its published runs.
    keep : int
        Runs of each kind that stay; 0 keeps all.

    Returns
    -------
    list of str
        The runs that were removed, sorted; none while a model is trained, which reads them all: the next night does it.

    Raises
    ------
    DataError
        A run is no longer what was published: nothing is removed.
    """
    if not keep:
        return []
    try:
        with workspace.lock("train"), workspace.scratch() as folder:
            runs = published(workspace)
            shown = {path.name for path in home(workspace).glob("*")}
            gone = expendable([run for run in runs if run.run_id not in shown], runs, keep)
            for run in gone:
                # By one rename, so that no reader ever finds a part of it.
                run.path.rename(folder / run.run_id)
    except OutsideError:
        return []
    left = {run.run_id for run in runs} - {run.run_id for run in gone}
    for path in workspace.monitor.glob("*.json"):
        if path.stem not in left:
            path.unlink(missing_ok=True)
    return sorted(run.run_id for run in gone)


def expendable(some: Sequence[ScoreRun], runs: Sequence[ScoreRun], keep: int) -> list[ScoreRun]:
    """Choose among some runs those that nothing needs any more.

    The newest of each kind stay, and of the portfolio the one that the newest is compared with, and the first of each
    month, which ``tamis monitor`` holds to account once its outcomes are known. The CRM is rolled back from the ledger,
    the model from the registry: neither needs a run.

    Parameters
    ----------
    some : sequence of ScoreRun
        Candidates.
    runs : sequence of ScoreRun
        All of them, the latest cutoff first, as `published` gives them.
    keep : int
        Runs of each kind that stay, at least 1.

    Returns
    -------
    list of ScoreRun
        In the order of ``some``.

    Examples
    --------
    >>> from pathlib import Path
    >>> day, first = 86_400, 1_795_046_400  # 2026-11-19
    >>> facts = [{"run_id": f"r{n}", "kind": "portfolio", "cutoff": first + n * day, "scored_at": first + n * day}
    ...          for n in range(6)]
    >>> runs = [ScoreRun(Path(one["run_id"]), one) for one in reversed(facts)]
    >>> [run.run_id for run in expendable(runs, runs, 2)]
    ['r3', 'r2', 'r1']
    """
    kept: set[str] = set()
    for kind in ("portfolio", "file"):
        kept |= {run.run_id for run in [run for run in runs if run.manifest["kind"] == kind][:keep]}
    portfolio = [run for run in runs if run.manifest["kind"] == "portfolio"]
    before = [run for run in portfolio if run.manifest["cutoff"] < portfolio[0].manifest["cutoff"]]
    kept |= {run.run_id for run in before[:1]}
    first: dict[str, str] = {}
    seen = in_force(runs)
    for run in seen:
        first.setdefault(f"{datetime.fromtimestamp(run.manifest['cutoff'], UTC):%Y-%m}", run.run_id)
    kept |= {*first.values(), *({run.run_id for run in runs} - {run.run_id for run in some})}
    by_scoring = operator.itemgetter("scored_at", "cutoff", "run_id")
    for run in portfolio:
        if run.run_id in kept and run not in seen:
            # A look back that stays was seen by nobody: what shows that stays with it.
            kept |= {[one.run_id for one in seen if by_scoring(one.manifest) < by_scoring(run.manifest)][-1]}
    return [run for run in some if run.run_id not in kept]
