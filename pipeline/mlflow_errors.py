"""What MLflow and its store raise, told as one sentence of ours; MLflow itself is not imported."""

import contextlib
import re
import warnings
from collections.abc import Iterator

from features.errors import OutsideError
from pipeline.machine_errors import causes

# Libraries under MLflow whose errors mean that something outside failed. The rest are bugs and pass through.
FOREIGN = ("mlflow", "requests", "urllib3", "sqlalchemy", "sqlite3", "alembic")
UNREACHABLE = ("ConnectionError", "ConnectTimeout", "ReadTimeout", "Timeout", "MaxRetryError")


@contextlib.contextmanager
def told_plainly(place: str) -> Iterator[None]:
    """Turn an error of MLflow, of its database or of its files into an `OutsideError`; silence its warnings.

    Parameters
    ----------
    place : str
        The registry in words, without credentials.

    Raises
    ------
    OutsideError
        One sentence of what was found, and one of what to do.
    """
    try:
        with warnings.catch_warnings():
            # What MLflow's own code provokes (its SQLAlchemy, its type hints, its wish for input examples, which
            # would be somebody's leads) is for its authors. Warnings raised elsewhere still show.
            warnings.filterwarnings("ignore", module=r"mlflow(\.|$)")
            yield
    except Exception as error:
        if not isinstance(error, OSError) and not _is_foreign(error):
            raise
        raise OutsideError(_sentence(place, error)) from error


def is_missing(error: Exception) -> bool:
    """Whether MLflow says that a thing does not exist."""
    return getattr(error, "error_code", None) == "RESOURCE_DOES_NOT_EXIST"


def is_taken(error: Exception) -> bool:
    """Whether MLflow says that a thing exists already."""
    return getattr(error, "error_code", None) == "RESOURCE_ALREADY_EXISTS"


def _sentence(place: str, error: Exception) -> str:
    text = without_credentials(str(error)).strip()
    if any(type(item).__name__ in UNREACHABLE for item in causes(error)):
        return f"No answer from {place}. Check registry.url, the network and the server, then try again."
    if re.search(r"error code 40[13]", text) or getattr(error, "error_code", "") == "PERMISSION_DENIED":
        return f"Access refused by {place}. Expected a valid token in TAMIS_REGISTRY__TOKEN."
    if "out-of-date database schema" in text:
        return (
            f"Another version of MLflow wrote {place}. Make a copy of mlflow.db, "
            "then run 'mlflow db upgrade sqlite:///mlflow.db' in its folder."
        )
    first = text.splitlines()[0] if text else type(error).__name__
    return f"MLflow failed in {place}: {first[:300].rstrip('.')}. Correct the cause, then try again."


def without_credentials(text: str) -> str:
    """Text whose addresses name no user and no password.

    Examples
    --------
    >>> without_credentials("cannot reach https://ana:secret@mlflow.example.com/api")
    'cannot reach https://mlflow.example.com/api'
    """
    return re.sub(r"://[^/@\s]*@", "://", text)


def _is_foreign(error: Exception) -> bool:
    """Whether one of these libraries made the error, or fell over what it was given."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    raised_in = "" if trace is None else str(trace.tb_frame.f_globals.get("__name__"))
    return any(name.partition(".")[0] in FOREIGN for name in (type(error).__module__, raised_in))
