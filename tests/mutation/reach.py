"""Which lines each quick test runs and what it costs: pytest under coverage, kept until the code or the test changes.

``python -m tests.mutation.reach REPORT TESTS...`` runs tests and writes what they reach. What a fixture runs while it
is made counts for every test that asks for it, not for the first alone.
"""

import hashlib
import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import coverage
import hypothesis
import pytest

# Where the code is, and the tests that finish in minutes together, doctests of the code among them.
ROOMS = ("features", "models")
QUICK = (*ROOMS, "tests/features", "tests/models", "tests/property")
# Plain asserts and few plugins: what a mutant costs beside its tests is mostly the start of pytest.
PYTEST = (
    *("-x", "-q", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:schemathesis"),
    *("-m", "not datasets", "--hypothesis-profile", "mutation"),
)


def passed(tests: Iterable[str], *plugins: object) -> int:
    """Run tests in this process, in the folder where it stands; 0 where they pass."""
    # The same examples each time; that one fails is enough, nobody reads the smallest.
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile("mutation", deadline=None, derandomize=True, database=None, phases=phases)
    return int(pytest.main([*PYTEST, *tests], plugins=plugins))


class Watch:
    """A plugin of pytest: coverage's context is the fixture that is being made, or else the test."""

    def __init__(self) -> None:
        self.coverage = coverage.Coverage(data_file=None, config_file=False, source=list(ROOMS))
        self.asked: dict[str, list[str]] = {}
        self.seconds: dict[str, float] = defaultdict(float)
        self._now = ""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.asked[item.nodeid] = [item.nodeid, *(f"fixture {name}" for name in getattr(item, "fixturenames", ()))]
        return (yield from self._within(item.nodeid))

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Iterator[None]:
        return (yield from self._within(f"fixture {fixturedef.argname}"))

    def _within(self, context: str) -> Iterator[Any]:
        before, self._now = self._now, context
        self.coverage.switch_context(context)
        started, others = time.process_time(), sum(self.seconds.values())
        try:
            return (yield)
        finally:
            # What a fixture cost is counted there alone.
            self.seconds[context] += time.process_time() - started - (sum(self.seconds.values()) - others)
            self._now = before
            self.coverage.switch_context(before)


@dataclass
class Reach:
    """What was seen; a context is a test, or ``fixture NAME``.

    Attributes
    ----------
    keys : mapping
        By file of tests, what it and the code were when it was run.
    asked : mapping
        By test, the contexts in which it lives.
    seconds : mapping
        CPU of each context, under coverage.
    lines : mapping
        By context, file and lines.
    """

    keys: dict[str, str] = field(default_factory=dict)
    asked: dict[str, list[str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    lines: dict[str, dict[str, list[int]]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what was written as JSON."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def write(self, path: Path) -> None:
        """Write it."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    def tests(self, file: str, lines: Iterable[int], budget: float) -> list[str]:
        """Tests that run one of the lines, the cheapest first, as many as the budget of CPU seconds allows."""
        wanted = set(lines)
        seen = {context for context, at in self.lines.items() if not wanted.isdisjoint(at.get(file, ()))}
        found = {test: contexts for test, contexts in self.asked.items() if not seen.isdisjoint(contexts)}
        chosen, made = [], set[str]()
        for test in sorted(found, key=lambda test: self._cost(found[test])):
            made.update(found[test])
            if self._cost(made) > budget:
                break
            chosen.append(test)
        return chosen

    def without(self, files: Iterable[str]) -> "Reach":
        """Forget tests of some files."""
        kept = {test: contexts for test, contexts in self.asked.items() if test.partition("::")[0] not in set(files)}
        return Reach(self.keys, kept, self.seconds, self.lines)

    def _cost(self, contexts: Iterable[str]) -> float:
        return sum(self.seconds.get(one, 0.0) for one in contexts)


def recorded(tests: Iterable[str]) -> Reach:
    """Run tests in this process and see what they reach."""
    watch = Watch()
    watch.coverage.start()
    code = passed(tests, watch)
    watch.coverage.stop()
    if code:
        raise SystemExit(f"mutation: expected tests that pass before anything is changed, found exit code {code}.")
    data, lines = watch.coverage.get_data(), defaultdict[str, dict[str, list[int]]](dict)
    for path in data.measured_files():
        file = Path(path).relative_to(Path.cwd()).as_posix()
        for line, contexts in data.contexts_by_lineno(path).items():
            for context in contexts:
                lines[context].setdefault(file, []).append(line)
    # Run by no test: the import.
    lines.pop("", None)
    return Reach({}, watch.asked, dict(watch.seconds), dict(lines))


def reach(root: Path, path: Path) -> Reach:
    """Read what is known, and run the tests of which nothing is, or of a code that was another."""
    places = {place: sorted((root / place).rglob("*.py")) for place in QUICK}
    files = {file.relative_to(root).as_posix(): file.read_bytes() for found in places.values() for file in found}
    shared = b"".join(text for name, text in files.items() if name.startswith(ROOMS) or name.endswith("conftest.py"))
    keys = {name: hashlib.sha256(shared + text).hexdigest()[:16] for name, text in files.items()}
    known = Reach.read(path) if path.is_file() else Reach()
    stale = [name for name, key in keys.items() if known.keys.get(name) != key and not name.endswith("conftest.py")]
    if stale:
        fresh = path.with_suffix(".new")
        subprocess.run([sys.executable, "-m", "tests.mutation.reach", str(fresh), *stale], cwd=root, check=True)
        new, known = Reach.read(fresh), known.without({*stale, *(set(known.keys) - set(keys))})
        fresh.unlink()
        known = Reach(keys, known.asked | new.asked, known.seconds | new.seconds, known.lines | new.lines)
        known.write(path)
    return known


if __name__ == "__main__":
    recorded(sys.argv[2:]).write(Path(sys.argv[1]))
