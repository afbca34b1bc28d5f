"""``python -m tests.mutation``: faults put into `features` and `models`, and how many of them the quick tests see.

The sample is drawn anew for each seed. What was killed stays killed while the code is the same: after a test is added,
only survivors are tried again.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table
from scipy.stats import binomtest

from tests.mutation.mutants import Mutant, reached_by, sampled
from tests.mutation.reach import ROOMS, Reach, reach
from tests.mutation.trial import KILLED, SURVIVED, TIMED_OUT, UNREACHED, Bench

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".mutation"
# CPU seconds of the tests that a mutant is given, measured under coverage: far from the limit that ends a child.
BUDGET = 20.0
# What only an import runs, declarations above all, stands in the reference and in sentences.
DECLARED = (
    "tests/test_docs.py::test_the_reference_is_what_the_code_says",
    "tests/features/test_words.py",
    "tests/features/test_catalogue.py",
)


def table(ends: list[tuple[str, str]]) -> Table:
    """Count how mutants ended by package: one is seen where a test fails, or no longer ends."""
    made = Table("Package", "Mutants", "Killed", "Timed out", "Survived", "Unreached", "Share seen", "95 %")
    rooms = {room: Counter(end for file, end in ends if file.startswith(f"{room}/")) for room in ROOMS}
    for name, count in {**rooms, "both": Counter(end for _, end in ends)}.items():
        if n := count.total():
            seen = count[KILLED] + count[TIMED_OUT]
            low, high = binomtest(seen, n).proportion_ci(method="wilson")
            numbers = (n, *(count[end] for end in (KILLED, TIMED_OUT, SURVIVED, UNREACHED)))
            made.add_row(name, *map(str, numbers), f"{seen / n:.1%}", f"{low:.1%} to {high:.1%}")
    return made


def tried(mutant: Mutant, bench: Bench, seen: Reach) -> str:
    """Tell how a mutant ends on the tests that run its statement, or else its function."""
    for lines in reached_by(mutant.source, mutant.line):
        if tests := seen.tests(mutant.file, lines, BUDGET):
            return bench.verdict(mutant.file, mutant.code, tests)
    return UNREACHED if bench.verdict(mutant.file, mutant.code, DECLARED) == SURVIVED else KILLED


def main(words: list[str]) -> int:
    """Draw, try, and print the survivors and the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--mutants", type=int, default=300, help="how many are drawn")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    chosen = parser.parse_args(words)
    HOME.mkdir(exist_ok=True)
    drawn, among = sampled(ROOT, chosen.mutants, chosen.seed)
    kept = HOME / "killed.json"
    killed: dict[str, str] = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    ends = []
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(ROOT, Path(name))
        seen = reach(bench.tree, HOME / "reach.json")
        for i, mutant in enumerate(drawn, 1):
            end = killed.get(mutant.key) or tried(mutant, bench, seen)
            ends.append((mutant.file, end))
            if end in {KILLED, TIMED_OUT}:
                killed[mutant.key] = end
                kept.write_text(json.dumps(killed), encoding="utf-8")
            else:
                sys.stdout.write(f"{i}/{len(drawn)} {end}: {mutant.file}\n{mutant.diff}\n")
                sys.stdout.flush()
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(table(ends))
    console.print(f"Seed {chosen.seed}: {len(drawn)} drawn of {among} mutants.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
