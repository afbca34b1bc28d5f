"""``python -m tests.soak``: bad input, faults and many nights, each with its table; ends with 1 where one did not hold.

What did not hold when this was first run, and was mended, is counted in the last column.
"""

import argparse
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bad_input.__main__ import main as bad_input
from tests.fates import Fates
from tests.soak import faults, nights, outside
from tests.soak.company import IMPORTED, Templates

# By fault and verb: what did not hold at first. A full disk under the index was told as a bug; scratch folders of
# killed processes stayed for ever.
MENDED = Counter({("disk full (tmpfs)", "index"): 1})


def fault_table(tried: list[faults.Trial]) -> Table:
    """Count by fault and verb."""
    table = Table("Fault", "Verb", "Tried", "Held", "Mended")
    places = Counter((trial.fault, trial.verb) for trial in tried)
    held = Counter((trial.fault, trial.verb) for trial in tried if not trial.wrong)
    for place, number in places.items():
        table.add_row(*place, str(number), str(held[place]), str(MENDED[place]))
    table.add_row("all", "", str(len(tried)), str(sum(held.values())), str(sum(MENDED.values())))
    return table


def night_table(lived: list[nights.Night]) -> Table:
    """One line a night: what was done, what the process and the store came to."""
    table = Table("Night", "Fault", "Memory MB", "Open files", "Runs", *(f"{name} kB" for name in nights.PLACES))
    for night in lived:
        kilobytes = [f"{night.sizes[name] / 1000:.0f}" for name in nights.PLACES]
        table.add_row(
            str(night.number), night.fault, f"{night.rss_mb:.0f}", str(night.handles), str(night.runs), *kilobytes
        )
    return table


def main(words: list[str]) -> int:
    """Run what is asked for and give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="kill -9 at so many instants; 0: no faults at all")
    parser.add_argument("--nights", type=int, default=60, help="0: none")
    parser.add_argument("--without-bad-input", action="store_true")
    parser.add_argument("--without-servers", action="store_true", help="no MLflow server, no Postgres")
    chosen = parser.parse_args(words)
    for name in [name for name in os.environ if name.startswith(("TAMIS_", "MLFLOW_"))]:
        del os.environ[name]
    os.environ.update({"OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"})
    console, wrong = Console(width=None if sys.stdout.isatty() else 140), 0
    with tempfile.TemporaryDirectory() as name, Fates(*IMPORTED) as fates, Fates(*IMPORTED) as other:
        folder = Path(name)
        if not chosen.without_bad_input:
            wrong += bad_input()
        if chosen.kills:
            made = Templates(folder)
            tried = []
            for trial in faults.everything(faults.Soak(made, folder, fates, other), chosen.kills):
                sys.stderr.write(f"{trial.fault}, {trial.verb}: {'; '.join(trial.wrong) or 'held'}\n")
                tried.append(trial)
            if not chosen.without_servers:
                tried += outside.mlflow_gone(folder, made.untrained / ".tamis" / "mlflow.db", fates, [0.3, 0.8, 0.95])
                tried += outside.postgres_restarted(folder, [0.3, 0.5, 0.7, 0.9], fates)
            wrong += sum(bool(trial.wrong) for trial in tried)
            console.print(fault_table(tried))
        if chosen.nights:
            lived = list(nights.nights(folder / "nights", chosen.nights, fates))
            console.print(night_table(lived))
            for fault in nights.grown(lived):
                sys.stderr.write(f"{fault}\n")
                wrong += 1
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
