"""What the share of killed mutants rests on: which tests a mutant is given, and how its end is read."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutation.reach import Reach

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def known() -> Reach:
    return Reach(
        asked={"t.py::slow": ["t.py::slow"], "t.py::made": ["t.py::made", "fixture world"], "t.py::far": ["t.py::far"]},
        seconds={"t.py::slow": 4.0, "t.py::made": 1.0, "fixture world": 2.0, "t.py::far": 0.1},
        lines={
            "t.py::slow": {"models/a.py": [10, 11]},
            "fixture world": {"models/a.py": [11]},
            "t.py::far": {"models/b.py": [11]},
        },
    )


def test_a_mutant_is_given_the_tests_that_run_it_the_cheapest_first_and_their_fixtures_count(known: Reach) -> None:
    assert known.tests("models/a.py", [11], 10) == ["t.py::made", "t.py::slow"]
    assert known.tests("models/a.py", [10, 12], 10) == ["t.py::slow"]
    assert known.tests("models/a.py", [12], 10) == []


def test_tests_beyond_the_budget_are_left_out(known: Reach) -> None:
    assert known.tests("models/a.py", [11], 6.9) == ["t.py::made"]
    assert known.tests("models/a.py", [11], 2.9) == []


def test_a_file_of_tests_that_changed_is_forgotten(known: Reach) -> None:
    assert known.without({"t.py"}).asked == {}
    assert known.without({"u.py"}).asked == known.asked


TRIED = """
import sys
from pathlib import Path
from tests.mutation import trial

trial.CPU_SECONDS = 2
bench = trial.Bench(Path(sys.argv[1]), Path(sys.argv[2]), imported=())
for body in ("n % 2 == 1", "n % 2 == 0", "n % 2 == 1 or n > 3", "[0 for _ in iter(int, 1)]", "odd("):
    code = f"def odd(n):\\n    return {body}\\n"
    print(bench.verdict("features/parity.py", code, ["tests/test_parity.py::test_three_is_odd"]))
print((bench.tree / "features" / "parity.py").read_text() == (Path(sys.argv[1]) / "features" / "parity.py").read_text())
"""


def test_a_fault_is_seen_where_a_test_fails_or_no_longer_ends_and_leaves_nothing_behind(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for room in ("features", "tests"):
        (root / room).mkdir(parents=True)
    (root / "pyproject.toml").write_text('[tool.pytest.ini_options]\nmarkers = ["datasets"]\n')
    (root / "features" / "__init__.py").touch()
    (root / "features" / "parity.py").write_text("def odd(n):\n    return bool(n % 2)\n")
    (root / "tests" / "test_parity.py").write_text(
        "from features.parity import odd\n\n\ndef test_three_is_odd():\n    assert odd(3)\n\n\n"
        "def test_four_is_not():\n    assert not odd(4)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", TRIED, str(root), str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines() == ["survived", "killed", "survived", "timed out", "killed", "True"], done.stderr
