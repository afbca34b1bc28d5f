"""The command line: exit codes, plain words, one JSON object, and nothing heavy before it is needed."""

import errno
import json
import os
import re
import subprocess
import sys

import pytest
import typer.main

from features.errors import DataError, GateError, OutsideError, PartialError, UseError
from pipeline import check, cli, init

VERBS = sorted(typer.main.get_command(cli.app).commands)  # type: ignore[attr-defined]
HEAVY = ("duckdb", "lightgbm", "matplotlib", "mlflow", "pandas", "pyarrow", "scipy", "shap", "sklearn", "numpy")
LIGHT_START = f"""
import sys
from pipeline.cli import run_verb
code = run_verb(sys.argv[1:])
loaded = sorted(set(sys.modules) & set({HEAVY!r}))
sys.exit(f"{{code}} {{loaded}}" if code or loaded else 0)
"""


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch):
    """Let `tamis check` end in an error."""

    def end_in(error: BaseException) -> None:
        def run(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr(check, "run", run)

    return end_in


@pytest.mark.parametrize("words", [[], ["--help"], ["score", "--help"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIGHT_START, *words], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage: " in done.stdout


def test_a_terminal_without_accents_shows_a_question_mark_and_no_bug(tmp_path) -> None:
    (tmp_path / "x.csv").write_text("id,outcome,Été\n1,won,a\n2,lost,b\n", encoding="utf-8")
    words = ["init", str(tmp_path / "w"), "--leads", str(tmp_path / "x.csv"), "--lang", "fr"]
    done = subprocess.run(
        [sys.executable, "-c", "from pipeline.cli import main; main()", *words],
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 0, done.stderr
    assert b"Ce qui a ?t? compris" in done.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_says_what_it_does_and_gives_an_example_that_is_one(tamis, verb: str) -> None:
    said = tamis(verb, "--help")
    assert said.code == 0
    flat = " ".join(said.out.split())
    example = re.search(rf"Example: tamis {verb}(.*)$", flat)
    assert example, flat
    for option in re.findall(r"--[a-z-]+", example[1]):
        assert option in flat.partition("Example:")[0]
    assert "--json" in said.out


def test_tamis_alone_lists_the_verbs(tamis) -> None:
    said = tamis()
    assert said.code == 0
    for verb in VERBS:
        assert re.search(rf"^  {verb} ", said.out, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["trian"], "tamis: No such command 'trian'. Did you mean 'train', 'retrain'? See 'tamis --help'.\n"),
        (["check", "--wrokspace", "x"], "No such option: --wrokspace"),
        (["explain"], "Missing argument"),
        (["promote", "three"], "Invalid value for"),
        (["score", "more"], "unexpected extra argument"),
        (["demo", "--leads", "5"], "greater than or equal to 1000"),
    ],
)
def test_a_wrong_word_is_told_plainly(tamis, words: list[str], sentence: str) -> None:
    said = tamis(*words)
    assert (said.code, said.out) == (2, "")
    assert sentence in said.err
    assert said.err.count("\n") == 1
    as_json = tamis(*words, "--json")
    assert as_json.code == 2
    assert set(json.loads(as_json.out)) == {"error", "exit_code"}


@pytest.mark.parametrize("error", [UseError, DataError, GateError, OutsideError, PartialError])
def test_each_kind_of_error_has_its_exit_code_and_its_sentence(tamis, failing, error) -> None:
    failing(error("Expected A, found B."))
    said = tamis("check")
    assert said == (error.exit_code, "", "tamis: Expected A, found B.\n")
    as_json = tamis("check", "--json")
    assert json.loads(as_json.out) == {"error": "Expected A, found B.", "exit_code": error.exit_code}
    logged = tamis("check", "--log-json")
    assert json.loads(logged.err)["message"] == "Expected A, found B."
    assert logged.out == ""


def test_a_bug_is_told_without_what_it_says_for_that_may_be_a_customer(tamis, failing) -> None:
    failing(ValueError("zoe@exemple.fr"))
    said = tamis("check")
    assert (said.code, said.out) == (1, "")
    assert "this is a bug of Tamis (ValueError)" in said.err
    assert "zoe" not in said.err
    assert json.loads(tamis("check", "--json").out)["exit_code"] == 1


def test_a_bug_is_raised_for_who_debugs(tamis, failing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAMIS_DEBUG", "1")
    failing(ValueError("the very fault"))
    with pytest.raises(ValueError, match="the very fault"):
        tamis("check")


def test_ctrl_c_stops_in_plain_words(tamis, failing) -> None:
    failing(KeyboardInterrupt())
    said = tamis("check")
    assert said == (130, "", "tamis: stopped; nothing was half published.\n")


def test_a_connection_that_is_cut_is_no_success(tamis, failing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", sys.stdout)  # typer wraps both; they are put back afterwards
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    failing(BrokenPipeError(errno.EPIPE, "Broken pipe"))
    said = tamis("check")
    assert said.code == 5
    assert "a connection was closed by the other side" in said.err


def test_main_ends_the_process_with_the_code(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setattr(sys, "argv", ["tamis", "check", "-w", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0


@pytest.mark.parametrize(
    "words",
    [
        ["check"],
        ["train"],
        ["models"],
        ["promote", "1"],
        ["rollback"],
        ["score"],
        ["explain", "lead-1"],
    ],
)
def test_every_verb_of_a_workspace_needs_its_settings(tamis, tmp_path, words: list[str]) -> None:
    said = tamis(*words, "-w", tmp_path)
    assert (said.code, said.out) == (2, "")
    assert "No tamis.toml" in said.err
    assert list(tmp_path.iterdir()) == []


def test_the_options_of_init_reach_their_work(tamis, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(init, "run", lambda request, console: asked.append((request, console.as_json)))
    given = "--leads f.csv --id i --outcome o --won a --won b --created c --exclude x --exclude y --lang fr"
    assert tamis("init", "w", *given.split(), "--json").code == 0
    ((request, as_json),) = asked
    assert (str(request.directory), str(request.leads), request.id_column, request.outcome) == ("w", "f.csv", "i", "o")
    assert (request.won, request.created, request.exclude, request.language) == (("a", "b"), "c", ("x", "y"), "fr")
    assert as_json


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("TAMIS_THRESHOLD__WIN_VALUE", "much", "threshold.win_value (in TAMIS_THRESHOLD__WIN_VALUE): Input should be"),
        ("TAMIS_THRESHOLD__WIN_VALU", "1", "[threshold.win_valu] (in TAMIS_THRESHOLD__WIN_VALU): unknown key."),
        ("TAMIS_SOURCE", "{bad", "the environment: error parsing value"),
        ("TAMIS_SECRETS_DIR", "/no/such/folder", "TAMIS_SECRETS_DIR: expected a folder of secret files"),
    ],
)
def test_a_fault_of_the_environment_names_its_variable(tamis, tmp_path, monkeypatch, variable, value, sentence) -> None:
    (tmp_path / "tamis.toml").write_text("")
    monkeypatch.setenv(variable, value)
    said = tamis("check", "-w", tmp_path)
    assert said.code == 2
    assert sentence in said.err
