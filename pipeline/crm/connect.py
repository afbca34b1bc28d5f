"""Databases that are written: the ledger, and a table that stands for a CRM."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from features.errors import OutsideError, UseError
from pipeline.database import first_line, with_driver


class Link:
    """An engine whose failures hold no secret, no statement and no value.

    Parameters
    ----------
    setting : str
        The setting that an error names.
    url : str
        As SQLAlchemy writes it, without password.
    password : SecretStr or None
    root : Path
        What a relative SQLite path is relative to.

    Raises
    ------
    UseError
        No URL, a driver that is not installed, or a SQLite folder that is not there.
    """

    def __init__(self, setting: str, url: str, password: SecretStr | None, root: Path) -> None:
        self.setting = setting
        self._secrets = [password.get_secret_value()] if password else []
        try:
            parsed = make_url(url)
            if parsed.password:
                self._secrets.append(str(parsed.password))
            if self._secrets:
                parsed = parsed.set(password=self._secrets[0])
            if parsed.get_backend_name() == "sqlite":
                parsed = parsed.set(database=str(root / (parsed.database or "")))
            self.name = parsed.render_as_string(hide_password=True)
            self.engine: Engine = create_engine(with_driver(parsed), hide_parameters=True)
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, ValueError) as error:  # ValueError: of the port
            raise UseError(
                f"{setting}: expected a database URL such as postgresql+psycopg://user@host/name, found one that "
                f"cannot be used: {first_line(error, self._secrets)}."
            ) from None

    @property
    def dialect(self) -> str:
        """Such as sqlite or postgresql."""
        return self.engine.dialect.name

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turn a failure of the database into a sentence."""
        try:
            yield
        except SQLAlchemyError as error:
            raise self.failure(error) from None

    def failure(self, error: BaseException) -> OutsideError:
        """The sentence for a failure of the database."""
        return OutsideError(
            f"{self.setting}: the database {self.name} failed: {self.words(error)}. Mend it, then push again: "
            "what was accepted is not sent twice."
        )

    def words(self, error: BaseException) -> str:
        """The driver's own first line."""
        return first_line(error, self._secrets)
