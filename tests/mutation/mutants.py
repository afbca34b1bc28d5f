"""Small faults made in the code by mutmut's own operators, and a fair sample of them."""

import ast
import difflib
import hashlib
import random
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.reach import ROOMS


@dataclass(frozen=True)
class Mutant:
    """A file with one fault.

    Attributes
    ----------
    file : str
        Relative to the root.
    source, code : str
        What the file says, and with the fault.
    """

    file: str
    source: str
    code: str

    @property
    def key(self) -> str:
        """The same for the same fault in the same file."""
        return hashlib.sha256(f"{self.file}\n{self.code}".encode()).hexdigest()[:12]

    @property
    def diff(self) -> str:
        """What it changes, with the line and without context."""
        lines = difflib.unified_diff(self.source.splitlines(), self.code.splitlines(), self.file, "", "", "", 0, "")
        return "\n".join(line for line in lines if not line.startswith(("---", "+++")))

    @property
    def line(self) -> int:
        """The first line that differs."""
        pairs = zip(self.source.splitlines(), self.code.splitlines(), strict=False)
        return next((i for i, (was, now) in enumerate(pairs, 1) if was != now), 1)


def sampled(root: Path, size: int, seed: int) -> tuple[list[Mutant], int]:
    """Draw mutants so that every file has its share, and count all that there are.

    What mutmut leaves alone is left alone: annotations, decorated functions, what stands outside functions.
    """
    # An extra, installed by `make mutate` alone.
    from libcst import FunctionDef  # noqa: PLC0415
    from mutmut.mutation.file_mutation import create_mutations  # noqa: PLC0415

    rng, every = random.Random(seed), []  # noqa: S311 - a sample, no secret
    for path in sorted(path for room in ROOMS for path in (root / room).rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        module, found, _, _ = create_mutations(str(path), source)
        inside = [one for one in found if isinstance(one.contained_by_top_level_function, FunctionDef)]
        rng.shuffle(inside)
        every += [(path.relative_to(root).as_posix(), source, module, one) for one in inside]
    step, start = len(every) / min(size, len(every)), rng.random()
    drawn = [every[int((start + i) * step)] for i in range(min(size, len(every)))]
    made = []
    for file, source, module, one in drawn:
        made.append(Mutant(file, source, module.deep_replace(one.original_node, one.mutated_node).code))
    return made, len(every)


def reached_by(source: str, line: int) -> list[list[int]]:
    """Lines that a test has to run in order to see a fault: those of the statement, or else those of the function."""
    tree = ast.parse(source)
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or line)
    ]
    functions = [node for node in around if isinstance(node, ast.FunctionDef)]
    inner = max(around, key=lambda node: node.lineno)
    body = getattr(inner, "body", None)
    last = body[0].lineno - 1 if body else inner.end_lineno or line
    spans = [(inner.lineno, last)] + [(one.body[0].lineno, one.end_lineno or line) for one in functions[:1]]
    return [list(range(first, last + 1)) for first, last in spans]
