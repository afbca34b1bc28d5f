"""The voice of a run: one result on stdout, steps and logs on stderr; every word in both languages."""

import io
import json
import os
import re
import string
import sys

import pytest
from rich.table import Table

from pipeline import words as terminal
from pipeline.console import Console
from pipeline.report import words as reports


class Terminal(io.StringIO):
    """A stream that says that somebody sits in front of it."""

    def isatty(self) -> bool:
        return True


def fields(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize(("key", "entry"), terminal.WORDS.items())
def test_every_word_of_the_terminal_has_both_languages_with_the_same_places(key: str, entry: dict[str, str]) -> None:
    assert set(entry) == {"en", "fr"}
    assert all(text.strip() for text in entry.values())
    assert fields(entry["en"]) == fields(entry["fr"]), key


@pytest.mark.parametrize(("key", "entry"), reports.WORDS.items())
def test_every_word_of_the_reports_has_both_languages_with_the_same_places(key: str, entry: tuple[str, str]) -> None:
    english, french = entry
    assert english.strip()
    assert french.strip()
    assert fields(english) == fields(french), key


@pytest.mark.parametrize("catalogue", [terminal.WORDS, reports.WORDS])
def test_double_punctuation_is_spaced_as_each_language_wants(catalogue) -> None:
    for key, entry in catalogue.items():
        english, french = entry.values() if isinstance(entry, dict) else entry
        assert not re.search(r"\s[:;?!%»]", english), key
        assert not re.search(r"\S[;?!»]|\w:(\s|$)|«\S|\d%", french), key


def test_a_word_that_does_not_exist_is_a_bug() -> None:
    with pytest.raises(KeyError):
        terminal.say("no such word", "fr")


def test_a_result_is_one_json_object_with_its_accents(capsys) -> None:
    Console(as_json=True).show({"lead": "Été"}, "never shown")
    said = capsys.readouterr()
    assert said.out == '{"lead": "Été"}\n'
    assert said.err == ""


def test_a_result_that_is_no_number_is_never_printed_as_one() -> None:
    with pytest.raises(ValueError, match="JSON"):
        Console(as_json=True).show({"auc": float("nan")})


def test_people_see_the_views_and_no_json(capsys) -> None:
    Console().show({"lead": "x"}, "[bold]First[/]", "second " * 40)
    assert capsys.readouterr().out == "First\n" + "second " * 40 + "\n"


def test_a_table_breaks_a_long_word_rather_than_cutting_it(capsys) -> None:
    table = Table(box=None)
    table.add_row("a" * 60, "b" * 200)
    Console().show({}, table)
    shown = capsys.readouterr().out
    assert shown.count("a") == 60
    assert shown.count("b") == 200


def test_an_error_stands_on_stderr_for_people_and_on_stdout_as_json(capsys) -> None:
    Console().fail("Expected A, found É.", 3)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "tamis: Expected A, found É.\n")
    Console(as_json=True).fail("Expected A, found É.", 3)
    said = capsys.readouterr()
    assert (json.loads(said.out), said.err) == ({"error": "Expected A, found É.", "exit_code": 3}, "")


def test_an_error_after_the_result_does_not_add_a_second_object(capsys) -> None:
    console = Console(as_json=True)
    console.show({"won": 3})
    console.fail("Too few.", 4)
    said = capsys.readouterr()
    assert json.loads(said.out) == {"won": 3}
    assert said.err == "tamis: Too few.\n"


def test_steps_and_errors_are_logged_as_json_lines_where_asked(capsys) -> None:
    console = Console(log_json=True)
    with console.step("Reading été"):
        pass
    console.fail("No.", 2)
    said = capsys.readouterr()
    step, error = (json.loads(line) for line in said.err.splitlines())
    assert (step["event"], step["text"]) == ("step", "Reading été")
    assert step["seconds"] >= 0
    assert step["at"].endswith("+00:00")
    assert (error["event"], error["message"], error["exit_code"]) == ("error", "No.", 2)
    assert said.out == ""


def test_without_asking_nothing_is_logged(capsys) -> None:
    with Console().step("Reading"):
        pass
    assert capsys.readouterr() == ("", "")


def test_a_terminal_sees_that_a_step_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with Console().step("Reading the tables"):
        pass
    assert "Reading the tables" in screen.getvalue()


@pytest.mark.parametrize("as_json", [True, False])
def test_a_reader_that_leaves_does_not_end_the_run(monkeypatch: pytest.MonkeyPatch, as_json: bool) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as closed:
        monkeypatch.setattr(sys, "stdout", closed)
        console = Console(as_json=as_json)
        console.show({"n": 1}, "a view")
        console.show({"n": 2}, "another")  # goes nowhere, and is no error
