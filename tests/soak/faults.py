"""Faults of the machine under one verb: killed, a full disk, a read-only one, two at once, a clock set back.

Whatever happens, what a reader can see is whole, the verb says so in a sentence, and a rerun ends as if nothing had
been.
"""

import contextlib
import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from tests import companies
from tests.fates import KILL, Fates
from tests.soak.company import VERBS, Templates, Verb, copied, half_published

# Kills of one hundred, by verb: a training takes as long as ten of the others.
SHARES = {"train": 0.10, "score": 0.35, "push": 0.35, "index": 0.20}
# Bytes left on the disk; with the last two, a verb that writes little may come through.
ROOM = (0, 20_000, 100_000, 400_000)
# Seconds that the clock stands back: within the night, and before anything was known. Between the two lies another
# night, whose run is then the one before, rightly.
BACK = (7200, 400 * 86_400)
BUG = 1


@dataclass
class Trial:
    """One fault and what was wrong afterwards; nothing where it held."""

    fault: str
    verb: str
    wrong: list[str] = field(default_factory=list)


@dataclass
class Soak:
    """Disturbs verbs.

    Attributes
    ----------
    made : Templates
    folder : Path
        For the copies.
    fates, other : Fates
        Two processes that run verbs.
    seed : int
        Of the instants.
    verbs : sequence of str
        Which are disturbed.
    tried : list of Trial
        Filled as they are.
    """

    made: Templates
    folder: Path
    fates: Fates
    other: Fates
    seed: int = 10
    verbs: Sequence[str] = tuple(VERBS)
    tried: list[Trial] = field(default_factory=list)

    @cached_property
    def _random(self) -> random.Random:
        return random.Random(self.seed)  # noqa: S311 (instants, no secret)

    @cached_property
    def undisturbed(self) -> dict[str, tuple[float, Any]]:
        """By verb: seconds, and the state that it leaves."""
        found = {}
        for name in self.verbs:
            verb = VERBS[name]
            with self._copy(verb) as root:
                said = self._run(verb, root)
                assert said["code"] == 0, said
                found[name] = (said["seconds"], verb.state(root))
        return found

    def kill(self, name: str) -> None:
        """Kill -9 at a random instant; one that ends before is no trial."""
        verb = VERBS[name]
        seconds, _ = self.undisturbed[name]
        for _ in range(20):
            with self._copy(verb) as root:
                after = self._random.uniform(0, seconds)
                if self._run(verb, root, after=after)["signal"] == KILL:
                    self._settle(Trial("kill -9", name), verb, root)
                    return

    def disk_full(self, name: str, room: int) -> None:
        """A disk with so many bytes left: a small tmpfs where one may be mounted, else a limit of every file's size."""
        verb = VERBS[name]
        with self._copy(verb) as template:
            size = sum(path.stat().st_size for path in template.rglob("*")) + room + (4 << 20)
            with mounted(self.folder / "disk", "-t", "tmpfs", "-o", f"size={size}", "tmpfs") as disk:
                trial = Trial("disk full (tmpfs)" if disk else "disk full (file size limit)", name)
                root = copied(template, disk / "workspace") if disk else template
                full = root.parent / "full"
                if disk:
                    fill(full, room)
                said = self._run(verb, root, most_bytes=None if disk else 4096 + room)
                trial.wrong += plainly(said, may_work=room > ROOM[1])
                full.unlink(missing_ok=True)
                self._settle(trial, verb, root)

    def read_only(self, name: str) -> None:
        """A workspace that cannot be written; for root, who may write everywhere, by a mount."""
        verb = VERBS[name]
        with self._copy(verb) as template:
            at = self.folder / "read-only"
            with mounted(at, "--bind", str(template)) as root:
                if root is None:
                    return
                mount("-o", "remount,ro,bind", str(root))
                trial = Trial("read-only workspace", name)
                said = self._run(verb, root)
                trial.wrong += plainly(said)
                mount("-o", "remount,rw,bind", str(root))
                self._settle(trial, verb, root)

    def twice(self, name: str) -> None:
        """Two at once: one of them may be told to wait, none is told of a bug."""
        verb, trial = VERBS[name], Trial("two at once", name)
        with self._copy(verb) as root, ThreadPoolExecutor(2) as pool:
            both = [pool.submit(one.run, verb.words(root), clock=companies.NOW) for one in (self.fates, self.other)]
            said = [one.result() for one in both]
            if sorted(one["code"] for one in said) not in ([0, 0], [0, 5]):
                trial.wrong.append(f"{said}")
            self._settle(trial, verb, root)

    def clock_back(self, name: str, seconds: int) -> None:
        """The clock stands some time back, then is set right."""
        verb, trial = VERBS[name], Trial("clock set back", name)
        with self._copy(verb) as root:
            trial.wrong += plainly(self._run(verb, root, clock=companies.NOW - seconds), may_work=True)
            self._settle(trial, verb, root)

    def _settle(self, trial: Trial, verb: Verb, root: Path) -> None:
        """Look, run again, compare."""
        trial.wrong += half_published(root)
        said = self._run(verb, root)
        if said.get("code") != 0:
            trial.wrong.append(f"the rerun ended with {said}")
        elif verb.state(root) != self.undisturbed[verb.name][1]:
            trial.wrong.append("the state differs from the undisturbed one")
        trial.wrong += half_published(root)
        left = [path.name for place in ("tmp", "building") for path in (root / ".tamis" / place).glob("*")]
        # The rerun of a push has no business in the folder of others; whoever needs one sweeps it.
        if left and verb.name in ("train", "score"):
            trial.wrong.append(f"left behind: {left}")
        self.tried.append(trial)

    def _run(self, verb: Verb, root: Path, clock: int = companies.NOW, **how: Any) -> dict[str, Any]:
        return self.fates.run(verb.words(root), clock=clock, **how)

    @contextlib.contextmanager
    def _copy(self, verb: Verb) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            yield copied(verb.template(self.made), Path(name) / "workspace")


def everything(soak: Soak, kills: int) -> Iterator[Trial]:
    """All faults on all verbs, ``kills`` of kill -9, each told once it is over."""
    told = 0
    for what in _planned(soak, kills):
        what()
        yield from soak.tried[told:]
        told = len(soak.tried)


def _planned(soak: Soak, kills: int) -> Iterator[Callable[[], None]]:
    """The cheap verbs first: what is wrong shows early."""
    for name in sorted(soak.verbs, key=lambda name: SHARES[name], reverse=True):
        for room in ROOM if name != "train" else ROOM[::2]:
            yield partial(soak.disk_full, name, room)
        yield partial(soak.read_only, name)
        yield partial(soak.twice, name)
        for seconds in BACK:
            yield partial(soak.clock_back, name, seconds)
        for _ in range(max(1, round(kills * SHARES[name]))):
            yield partial(soak.kill, name)


def plainly(said: dict[str, Any], may_work: bool = False) -> list[str]:
    """What is wrong with how a fault was told."""
    if said["signal"]:
        return [f"died of signal {said['signal']}"]
    wrong = [] if said["code"] or may_work else ["the fault did not show"]
    wrong += [f"told as a bug: {said['said'][-300:]}"] if said["code"] == BUG else []
    return wrong + ([f"a traceback: {said['said'][-1500:]}"] if "Traceback" in said["said"] else [])


def fill(path: Path, room: int) -> None:
    """Write until only so many bytes are left on the disk."""
    free = shutil.disk_usage(path.parent).free - room
    with contextlib.suppress(OSError), path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, free))


def mount(*words: str) -> bool:
    """Mount or mount anew; whether that is permitted here."""
    program = shutil.which("mount")
    return program is not None and subprocess.run([program, *words], capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def mounted(at: Path, *words: str) -> Iterator[Path | None]:
    """A folder with something mounted on it; None where that is not permitted."""
    at.mkdir(exist_ok=True)
    if not mount(*words, str(at)):
        yield None
        return
    try:
        yield at
    finally:
        subprocess.run(["umount", str(at)], check=True, capture_output=True)
