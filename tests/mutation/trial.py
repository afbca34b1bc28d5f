"""One mutant at a time: a copy of the code with the fault, and tests in a child of a process that has imported much."""

import compileall
import contextlib
import gc
import importlib
import os
import resource
import shutil
import signal
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from tests.mutation.reach import passed

CODE = ("features", "models", "pipeline", "tests", "docs")
# What no test reads: the repository, environments, what was made.
LEFT = (".*", "*.egg-info", "__pycache__", "demo", "out")
# What takes seconds to import and nothing of ours changes.
SLOW = (
    *(
        "duckdb",
        "fastapi",
        "holidays",
        "httpx",
        "hypothesis",
        "jinja2",
        "lightgbm",
        "matplotlib.pyplot",
        "narwhals.stable.v2",
    ),
    *("numba", "pandas", "polars", "pyarrow.dataset", "pydantic_settings", "rich.table", "scipy.optimize"),
    *("scipy.stats", "shap", "sklearn.isotonic", "sklearn.linear_model", "sqlalchemy", "starlette.responses", "typer"),
)
CPU_SECONDS, BYTES = 60, 8 << 30
KILLED, SURVIVED, TIMED_OUT, UNREACHED = "killed", "survived", "timed out", "unreached"


class Bench:
    """A copy of the working tree to spoil.

    Parameters
    ----------
    root, folder : Path
        The working tree; where the copy goes.
    imported : iterable of str
        Modules to import once.
    """

    def __init__(self, root: Path, folder: Path, imported: Iterable[str] = SLOW) -> None:
        self.root, self.tree, self.output = root, folder / "tree", folder / "output"
        shutil.copytree(root, self.tree, ignore=shutil.ignore_patterns(*LEFT))
        for name in imported:
            importlib.import_module(name)
        compileall.compile_dir(self.tree, quiet=2)
        # A child that ends does not look through all that was imported for garbage.
        gc.freeze()

    def verdict(self, file: str, code: str, tests: Sequence[str]) -> str:
        """Run tests on a file that says something else, and tell whether they notice."""
        place = self.tree / file
        times, before = place.stat(), place.read_text(encoding="utf-8")
        place.write_text(code, encoding="utf-8")
        try:
            child = os.fork()
            if not child:
                self._live(tests)
            _, status = os.waitpid(child, 0)
        finally:
            # As it was, for Python's compiled copy too.
            place.write_text(before, encoding="utf-8")
            os.utime(place, ns=(times.st_atime_ns, times.st_mtime_ns))
        if os.WIFSIGNALED(status):
            return TIMED_OUT if os.WTERMSIG(status) in {signal.SIGXCPU, signal.SIGALRM} else KILLED
        ended = os.WEXITSTATUS(status)
        if ended == pytest.ExitCode.NO_TESTS_COLLECTED:
            raise RuntimeError(f"mutation: expected tests, found none: {self.output.read_text(encoding='utf-8')}")
        return KILLED if ended else SURVIVED

    def _live(self, tests: Sequence[str]) -> None:
        code = 1
        with contextlib.suppress(BaseException):
            resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))
            resource.setrlimit(resource.RLIMIT_DATA, (BYTES, BYTES))
            # One that waits uses no CPU.
            signal.alarm(20 * CPU_SECONDS)
            told = os.open(self.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(told, 1)
            os.dup2(told, 2)
            os.chdir(self.tree)
            os.environ.update({"PYTHONPATH": str(self.tree), "PYTHONDONTWRITEBYTECODE": "1"})
            sys.dont_write_bytecode = True
            for name in [name for name in sys.modules if name.partition(".")[0] in CODE]:
                del sys.modules[name]
            sys.path[:] = [str(self.tree), *(one for one in sys.path if Path(one).resolve() != self.root)]
            code = passed(tests)
        os._exit(code)
