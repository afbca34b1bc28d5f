"""What a case of bad input is, how it is tried, and how the tries are counted.

`tests/bad_input/test_bad_input.py` runs those that differ; ``python -m tests.bad_input`` runs every one and prints the
table that `tally` makes.
"""

import contextlib
import hashlib
import io
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, NamedTuple

from pipeline import cli, store
from pipeline.workspace import Workspace
from tests.bad_input.mended import MENDED

Template = Literal["bare", "worked"]
ROOT = "{root}"


@dataclass(frozen=True)
class Case:
    """One bad input.

    Attributes
    ----------
    name : str
        ``what: how it is bad``; what comes before the colon is its group.
    words : tuple of str
        The verb and its arguments; ``{root}`` is the workspace, which ``--workspace`` names where nothing else does.
    code : int
        Exit code that DESIGN gives it.
    says : tuple of str
        What the message must say, each part of it.
    spoil : callable
        Makes the workspace bad.
    template : {"bare", "worked"}
        A few leads and settings; or with a champion, a score run, a push.
    environment : mapping of str to str
        Over the usual one.
    may_grow : tuple of str
        Beginnings of names of files that keep a record of every try, or are made anew where they are spoilt.
    is_wide : bool
        One of many alike: tried by ``python -m tests.bad_input``, not by each run of the tests.
    """

    name: str
    words: tuple[str, ...]
    code: int
    says: tuple[str, ...]
    spoil: Callable[[Path], object] = lambda _: None
    template: Template = "bare"
    environment: Mapping[str, str] = field(default_factory=dict)
    may_grow: tuple[str, ...] = ()
    is_wide: bool = False

    @property
    def group(self) -> str:
        return self.name.partition(":")[0]


def widen(cases: Iterable[Case], kept: int) -> list[Case]:
    """Leave all but the first of many alike to ``python -m tests.bad_input``."""
    return [replace(case, is_wide=case.is_wide or place >= kept) for place, case in enumerate(cases)]


class Tried(NamedTuple):
    """What became of a case: what is wrong with that, or nothing."""

    case: Case
    code: int
    said: str
    faults: tuple[str, ...]


def attempt(case: Case, template: Path, folder: Path) -> Tried:
    """Run a case in a copy of its template."""
    root = folder / "workspace"
    shutil.copytree(template, root, symlinks=True)
    if (database := root / ".tamis" / "mlflow.db").is_file():
        # Its copy stands elsewhere; what would be noted at the first look is noted before anything is compared.
        store.relocate(database, Workspace(root))
    case.spoil(root)
    before = fingerprints(root)
    words = [word.replace(ROOT, str(root)) for word in case.words]
    if not any(ROOT in word for word in case.words) or case.words[0] not in ("init", "demo"):
        words += [] if "--workspace" in words else ["--workspace", str(root)]
    code, said = _run(words, case.environment, folder)
    changed = sorted(
        name
        for name, digest in fingerprints(root).items()
        if before.get(name, digest) != digest and not name.startswith(case.may_grow)
    )
    gone = sorted(before.keys() - fingerprints(root).keys())
    return Tried(case, code, said, tuple(_faults(case, code, said, root, changed + gone, before)))


def _run(words: list[str], environment: Mapping[str, str], folder: Path) -> tuple[int, str]:
    out, here = io.StringIO(), Path.cwd()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        os.environ.update(environment)
        os.chdir(folder)
        try:
            return cli.run_verb(words), out.getvalue()
        finally:
            os.chdir(here)
            for name in environment:
                del os.environ[name]


def _faults(
    case: Case, code: int, said: str, root: Path, changed: list[str], before: Mapping[str, str]
) -> Iterator[str]:
    flat = " ".join(said.split())
    if code != case.code:
        yield f"exit code: expected {case.code}, found {code}"
    yield from (f"message: expected {part!r}" for part in case.says if " ".join(part.split()) not in flat)
    if "Traceback" in said or "bug of Tamis" in said:
        yield "a bug was told"
    if any(ord(mark) < 32 and mark not in "\n\t" for mark in said):
        yield "a control character reached the terminal"
    yield from (f"{name} was changed" for name in changed)
    if code:
        new = sorted(path.name for place in ("scores", "reports") for path in (root / ".tamis" / place).glob("*"))
        yield from (f"{name} was published" for name in new if not any(f"/{name}" in held for held in before))
        if left := sorted(path.name for path in (root / ".tamis" / "tmp").glob("*")):
            yield f"left in tmp: {left}"


def fingerprints(root: Path) -> dict[str, str]:
    """The content of every file of a folder, and where its links point to."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file():
            found[name] = hashlib.blake2b(path.read_bytes()).hexdigest()
    return found


class Tally(NamedTuple):
    """Cases of a group: how many, how many hold, how many of these were mended to do so."""

    group: str
    cases: int
    held: int
    mended: int


def tally(tried: Iterable[Tried]) -> list[Tally]:
    """Count by group, the sum last."""
    tried = list(tried)
    groups = list(dict.fromkeys(one.case.group for one in tried))
    rows = [(group, [one for one in tried if one.case.group == group]) for group in groups]
    return [
        Tally(
            group,
            len(some),
            sum(not one.faults for one in some),
            sum(one.case.name in MENDED and not one.faults for one in some),
        )
        for group, some in [*rows, ("all", tried)]
    ]
