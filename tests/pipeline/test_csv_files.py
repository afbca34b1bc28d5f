"""What a CSV file looks like, and the row on which each cell stands."""

import gzip
from pathlib import Path

import pyarrow.parquet
import pytest

from features.errors import DataError
from pipeline import csv_files
from pipeline.csv_files import sniff, to_parquet
from pipeline.settings import CsvSettings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "leads.csv"


@pytest.mark.parametrize("mark", [";", ",", "\t", "|"])
def test_the_delimiter_is_found(file: Path, tmp_path: Path, mark: str) -> None:
    file.write_text(mark.join(["id", "name", "note"]) + "\n" + mark.join(["1", '"a, b; c|d"', "x"]) + "\n")
    look = sniff(file)
    assert (look.delimiter, look.headers) == (mark, ("id", "name", "note"))
    to_parquet(file, look, tmp_path / "t.parquet")
    cells = pyarrow.parquet.read_table(tmp_path / "t.parquet").to_pylist()
    assert cells == [{"row": 2, "c0": "1", "c1": "a, b; c|d", "c2": "x"}]


def test_commas_in_decimals_do_not_hide_the_semicolon(file: Path) -> None:
    file.write_text("id;a;b\n1;1,5;2,5\n2;3,25;4,5\n")
    assert sniff(file).delimiter == ";"


def test_a_single_column_is_a_table_too(file: Path) -> None:
    file.write_text("lead_id\na\nb\n")
    assert sniff(file).headers == ("lead_id",)


def test_what_excel_writes_before_the_header_is_skipped(file: Path, tmp_path: Path) -> None:
    file.write_text("sep=|\n\nid|name\n1|x\n")
    look = sniff(file)
    assert (look.delimiter, look.skipped, look.headers) == ("|", 2, ("id", "name"))
    to_parquet(file, look, tmp_path / "t.parquet")
    assert pyarrow.parquet.read_table(tmp_path / "t.parquet").to_pylist() == [{"row": 4, "c0": "1", "c1": "x"}]


def test_the_settings_win_over_what_is_seen(file: Path) -> None:
    file.write_text("a;b,c\n1;2,5\n")
    look = sniff(file, CsvSettings(delimiter=","))
    assert (look.delimiter, look.headers) == (",", ("a;b", "c"))


def test_rows_keep_their_numbers_across_blocks_and_wrong_rows(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_files, "BLOCK", 64)
    file.write_text("a,b\n" + "".join(f"{n},x\n" if n % 7 else f"{n}\n" for n in range(2, 200)))
    wrong = to_parquet(file, sniff(file), tmp_path / "t.parquet")
    table = pyarrow.parquet.read_table(tmp_path / "t.parquet").to_pylist()
    assert [row["row"] for row in table] == [int(row["c0"]) for row in table] == [n for n in range(2, 200) if n % 7]
    assert [row for row, _ in wrong.first] == [n for n in range(2, 200) if n % 7 == 0]


def test_quoted_line_ends_stay_in_their_cell(file: Path, tmp_path: Path) -> None:
    file.write_bytes(b'a,b\r\n"two\r\nlines","say ""hi"""\r\n,\r\nlast,x')
    assert not to_parquet(file, sniff(file), tmp_path / "t.parquet").lines
    assert pyarrow.parquet.read_table(tmp_path / "t.parquet").to_pylist() == [
        {"row": 2, "c0": "two\r\nlines", "c1": 'say "hi"'},
        {"row": 3, "c0": None, "c1": None},
        {"row": 4, "c0": "last", "c1": "x"},
    ]


def test_a_quote_that_is_never_closed_is_told_with_its_row(file: Path, tmp_path: Path) -> None:
    file.write_text('a,b\n1,x\n2,"open\n3,y\n4,z\n')
    with pytest.raises(DataError, match=r"leads.csv has a double quote \(\"\) on row 3 that is never closed"):
        to_parquet(file, sniff(file), tmp_path / "t.parquet")


def test_a_quote_that_swallows_rows_counts_every_line_of_them(file: Path, tmp_path: Path) -> None:
    file.write_text('a,b\n1,x\n"2,open\n3,y\n4,z\n')
    wrong = to_parquet(file, sniff(file), tmp_path / "t.parquet")
    assert (wrong.lines, [row for row, _ in wrong.first]) == (3, [3])


def test_other_encodings_are_read_as_said(file: Path, tmp_path: Path) -> None:
    for encoding in ("windows-1252", "utf-16", "utf-8-sig"):
        file.write_bytes("id;prix\né;12 €\n".encode(encoding))
        look = sniff(file, CsvSettings(encoding=encoding))
        assert look.headers == ("id", "prix")
        to_parquet(file, look, tmp_path / "t.parquet")
        assert pyarrow.parquet.read_table(tmp_path / "t.parquet").to_pylist() == [{"row": 2, "c0": "é", "c1": "12 €"}]


def test_a_wrong_encoding_names_the_line_and_what_to_try(file: Path, tmp_path: Path) -> None:
    file.write_bytes(b"id\n" + b"x\n" * 1_000_000 + b"\xe9\n")
    with pytest.raises(DataError, match=r"line 1,000,002 holds the byte 0xE9.*windows-1252"):
        to_parquet(file, sniff(file), tmp_path / "t.parquet")
    file.write_bytes("a;b\n".encode("utf-16"))
    with pytest.raises(DataError, match=r"begins with the mark of UTF-16.*encoding = \"utf-16\""):
        sniff(file)
    with pytest.raises(ValueError, match=r"expected an encoding such as utf-8 or windows-1252, found 'klingon'"):
        CsvSettings(encoding="klingon")


def test_packed_files_are_read(tmp_path: Path) -> None:
    file = tmp_path / "leads.csv.gz"
    file.write_bytes(gzip.compress("id;n\n1;é\n".encode()))
    to_parquet(file, sniff(file), tmp_path / "t.parquet")
    assert pyarrow.parquet.read_table(tmp_path / "t.parquet").to_pylist() == [{"row": 2, "c0": "1", "c1": "é"}]
