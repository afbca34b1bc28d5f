"""CSV files as people export them: encoding, delimiter and header found by looking at the file.

Nothing is typed here: every cell stays the text that it is, with the row it stands on, so that a fault can be shown
where the reader will look for it (the header is row 1).
"""

import codecs
import contextlib
import csv
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from features.faults import Fault, Faults, FaultyDataError
from pipeline.settings import CsvSettings

DELIMITERS = ";,\t|"
SAMPLE = 1 << 20
BLOCK = 8 << 20
KEPT_WRONG = 10_000
BOMB_RATIO, BOMB_FLOOR = 250, 100 << 20
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Sniffed:
    """What a CSV file looks like.

    Attributes
    ----------
    encoding, delimiter : str
        As in ``[source.csv]``, found where the settings say ``auto``.
    headers : tuple of str
        Column names as they stand, outer spaces removed; none in an empty file.
    skipped : int
        Lines before the header: blank ones, and the ``sep=;`` of Excel.
    """

    encoding: str
    delimiter: str
    headers: tuple[str, ...]
    skipped: int = 0


@dataclass
class Wrong:
    """Rows with more or fewer fields than the header: how many lines they swallow, and the first of them as text."""

    lines: int = 0
    first: list[tuple[int, str]] = field(default_factory=list)
    ahead: list[int] = field(default_factory=list)


def open_binary(path: Path) -> BinaryIO:
    """Open a file for reading, unpacked where its name ends in ``.gz``."""
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]  # GzipFile reads too


@contextlib.contextmanager
def _whole(table: str, path: Path) -> Iterator[None]:
    """Tell of a packed file that it is none, or cut."""
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        found = f"{path.name} cannot be unpacked: {str(error).rstrip('.')}"
        raise refusal(table, "unreadable_file", found, "Export it again.") from None


def content_hash(path: Path) -> str:
    """Give the sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def refusal(table: str, reason: str, found: str, remedy: str, column: str = "") -> FaultyDataError:
    """Make the error of a file that cannot be read at all."""
    item = Fault(table, column, reason, "refuse", 0, found, remedy)
    return FaultyDataError(str(item), Faults((item,)))


def sniff(path: Path, settings: CsvSettings | None = None, table: str = "leads") -> Sniffed:
    r"""Look at the beginning of a CSV file.

    Parameters
    ----------
    path : Path
        A ``.csv`` or ``.csv.gz`` file.
    settings : CsvSettings, optional
        What is not ``auto`` there is believed.
    table : str
        Canonical name, for messages.

    Raises
    ------
    FaultyDataError
        When the file is not in the stated encoding.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "leads.csv"
    >>> _ = path.write_text("réf;CA\nA1;12,5\n", encoding="utf-8-sig")
    >>> look = sniff(path)
    >>> look.delimiter, look.headers
    (';', ('réf', 'CA'))
    """
    settings = settings or CsvSettings()
    with _whole(table, path), open_binary(path) as raw:
        start = raw.read(2)
    if settings.encoding.lower().replace("_", "-") in ("utf-8", "utf8") and start in UTF16:
        raise _not_encoded(table, path, "utf-8", "the file begins with the mark of UTF-16", "utf-16")
    with _whole(table, path), open_binary(path) as raw:
        stream = Utf8Stream(raw, settings.encoding, table, path)
        head = stream.read(SAMPLE)
    text = head.decode("utf-8", errors="ignore").removeprefix("\ufeff")
    if len(head) >= SAMPLE:
        text = text[: max(text.rfind("\n"), 0)]
    skipped, delimiter, text = _preamble(text, settings.delimiter)
    if delimiter == "auto":
        delimiter = max(DELIMITERS, key=lambda mark: _regularity(text, mark))
    records = _records(text, delimiter, 1)
    headers = tuple(cell.strip() for cell in records[0]) if records else ()
    return Sniffed(settings.encoding, delimiter, headers, skipped)


def _preamble(text: str, delimiter: str) -> tuple[int, str, str]:
    """Skip what may stand before the header; the ``sep=`` of Excel also names the delimiter."""
    skipped = 0
    while text:
        line, _, rest = text.partition("\n")
        named = re.fullmatch(r'"?sep=(.)"?\r?', line)
        if not named and line.strip():
            break
        if named and delimiter == "auto":
            delimiter = named[1]
        skipped, text = skipped + 1, rest
    return skipped, delimiter, text


def _records(text: str, delimiter: str, most: int) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    found: list[list[str]] = []
    try:
        for record in reader:
            found.append(record)
            if len(found) == most:
                break
    except csv.Error:
        # A field above the limit of the csv module: what came before it is enough to look at.
        return found
    return found


def _regularity(text: str, delimiter: str) -> tuple[float, int]:
    records = _records(text, delimiter, 200)
    if not records or len(records[0]) < 2:
        return (-1.0, 0) if delimiter != "," else (0.0, 1)
    width = len(records[0])
    return round(sum(len(record) == width for record in records) / len(records), 2), width


class Utf8Stream(io.RawIOBase):
    """The bytes of a file in any encoding, as valid UTF-8; the first byte that is not says where it stands."""

    def __init__(self, raw: BinaryIO, encoding: str, table: str, path: Path) -> None:
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._raw, self._encoding, self._table, self._path = raw, encoding, table, path
        self._pass = codecs.lookup(encoding).name == "utf-8"
        self._ready = bytearray()
        self._lines = 0
        # What a person exports shrinks to a tenth, a log of equal lines to a hundredth; a bomb to a thousandth.
        self._left = max(BOMB_FLOOR, BOMB_RATIO * path.stat().st_size) if path.suffix == ".gz" else None
        self.quotes = 0
        self._ended = False
        self.error: FaultyDataError | None = None

    def readable(self) -> bool:
        """Tell pyarrow that it may read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Give at most ``size`` bytes, none at the end."""
        wanted = BLOCK if size < 0 else size
        while len(self._ready) < wanted and not self._ended:
            self._fill(wanted)
        out = bytes(self._ready[:wanted])
        del self._ready[:wanted]
        return out

    def _fill(self, size: int) -> None:
        chunk = self._raw.read(max(size, 1 << 16))
        self._ended = not chunk
        if self._left is not None:
            self._left -= len(chunk)
            if self._left < 0:
                found = f"{self._path.name} unpacks to more than {BOMB_RATIO} times its size, as no export does"
                remedy = "If you trust it, unpack it yourself: gunzip."
                self.error = refusal(self._table, "bomb", found, remedy)
                raise self.error
        try:
            text = self._decoder.decode(chunk, final=self._ended)
        except UnicodeError as error:
            found = "it does not begin with the mark of its byte order"
            if isinstance(error, UnicodeDecodeError):
                line = self._lines + error.object[: error.start].count(b"\n") + 1
                found = f"line {line:,} holds the byte 0x{error.object[error.start]:02X}"
            guess = "windows-1252" if self._pass else "utf-8"
            self.error = _not_encoded(self._table, self._path, self._encoding, found, guess)
            raise self.error from None
        self._ready += chunk if self._pass else text.encode("utf-8")
        self._lines += text.count("\n")
        self.quotes += text.count('"')


def _not_encoded(table: str, path: Path, encoding: str, found: str, guess: str) -> FaultyDataError:
    return refusal(
        table,
        "not_encoded",
        f"{path.name} is not {encoding}: {found}",
        f'Export it as UTF-8, or set source.csv.encoding = "{guess}".',
    )


def to_parquet(path: Path, look: Sniffed, target: Path, table: str = "leads") -> Wrong:
    """Write the cells of a CSV file as text, column by column, with the row each stands on.

    Parameters
    ----------
    path, look
        The file and what `sniff` found.
    target : Path
        The Parquet file to write: ``row`` (int64, the header is row 1 where nothing is skipped) and ``c0``, ``c1`` ...
    table : str
        Canonical name, for messages.

    Returns
    -------
    Wrong
        The rows that are not there, because they have more or fewer fields than the header.

    Raises
    ------
    FaultyDataError
        When a byte is not in the stated encoding, or a row is longer than 8 MB.
    """
    wrong = Wrong()
    with _whole(table, path), open_binary(path) as raw:
        stream = Utf8Stream(raw, look.encoding, table, path)
        try:
            open_row = _write(_batches(stream, look, wrong), look, target, wrong)
        except pa.ArrowInvalid as error:
            if stream.error:
                raise stream.error from None
            raise refusal(
                table, "unreadable_file", f"{path.name} is no CSV file: {error}", "A double quote may be left open."
            ) from None
    if open_row and stream.quotes % 2:
        found = f'{path.name} has a double quote (") on row {open_row:,} that is never closed'
        raise refusal(table, "unreadable_file", found, "Close it, or double it where it belongs to the text.")
    return wrong


def _batches(stream: Utf8Stream, look: Sniffed, wrong: Wrong) -> Iterator[pa.RecordBatch]:
    names = [f"c{position}" for position in range(len(look.headers))]

    def set_aside(row: pa.csv.InvalidRow) -> str:
        wrong.lines += row.text.rstrip("\r\n").count("\n") + 1
        wrong.ahead.append(row.number)
        if len(wrong.first) < KEPT_WRONG:
            wrong.first.append((row.number, row.text[:KEPT_WRONG]))
        return "skip"

    reader = pa.csv.open_csv(
        pa.PythonFile(stream, mode="r"),
        read_options=pa.csv.ReadOptions(
            use_threads=False,
            column_names=names,
            skip_rows=look.skipped,
            skip_rows_after_names=1,
            block_size=BLOCK,
        ),
        parse_options=pa.csv.ParseOptions(
            delimiter=look.delimiter,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=set_aside,
        ),
        convert_options=pa.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
        ),
    )
    yield from reader


def _write(batches: Iterator[pa.RecordBatch], look: Sniffed, target: Path, wrong: Wrong) -> int:
    """Write the batches; give the number of the last row if one of its cells runs over a line end, else 0."""
    names = [f"c{position}" for position in range(len(look.headers))]
    schema = pa.schema([("row", pa.int64()), *((name, pa.string()) for name in names)])
    following, last = look.skipped + 2, 0
    with pa.parquet.ParquetWriter(target, schema, compression="lz4") as writer:
        for batch in batches:
            if not batch.num_rows:
                continue
            rows = _numbers(following, batch.num_rows, wrong.ahead)
            following = int(rows[-1]) + 1
            wrong.ahead[:] = [row for row in wrong.ahead if row > rows[-1]]
            final = batch.slice(batch.num_rows - 1).to_pylist()[0].values()
            last = int(rows[-1]) if any("\n" in cell for cell in final if cell) else 0
            writer.write_batch(pa.record_batch([pa.array(rows), *batch.columns], schema=schema))
    return last


def _numbers(following: int, count: int, missing: list[int]) -> NDArray[np.int64]:
    """Number ``count`` rows from ``following`` on, leaving out the missing ones.

    Examples
    --------
    >>> _numbers(2, 3, [3, 9])
    array([2, 4, 5])
    """
    rows = np.arange(following, following + count + len(missing), dtype=np.int64)
    return rows[~np.isin(rows, missing)][:count]
