"""What the share of killed mutants rests on: which tests a mutant is given, and how its end is read."""

import pytest

from tests.mutation.reach import Reach


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
