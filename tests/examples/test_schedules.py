"""The schedules name verbs and options that exist, and their own tools accept them."""

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from pipeline.cli import app

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "schedules"
VERBS = get_command(app).commands
CALL = re.compile(r"(?:\"?\$\{?TAMIS\}?\"?|tamis) ([a-z]+) (--workspace .*)")


def calls():
    """Every call of a verb in the schedules: verb and its options."""
    for path in sorted(FOLDER.rglob("*")):
        if path.suffix in (".sh", ".cron", ".yml"):
            for verb, rest in CALL.findall(path.read_text(encoding="utf-8")):
                yield path.name, verb, re.findall(r"(--[a-z-]+)", rest)


def test_every_verb_and_option_exists():
    found = list(calls())
    assert {verb for _, verb, _ in found} >= {"score", "monitor", "push", "retrain", "recalibrate"}
    for name, verb, options in found:
        known = {option for parameter in VERBS[verb].params for option in parameter.opts}
        assert set(options) <= known, f"{name}: {verb} {options}"


def test_the_airflow_tasks_are_verbs():
    tree = ast.parse((FOLDER / "airflow_dag.py").read_text(encoding="utf-8"))
    named = {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "task"
    }
    assert named == {"score", "monitor", "push", "retrain", "recalibrate"}
    assert named <= set(VERBS)


def test_the_workflow_parses_and_each_job_has_its_schedule():
    workflow = yaml.safe_load((FOLDER / "github_actions.yml").read_text(encoding="utf-8"))
    crons = [entry["cron"] for entry in workflow[True]["schedule"]]  # YAML reads the key "on" as true
    assert f"github.event.schedule != '{crons[1]}'" == workflow["jobs"]["nightly"]["if"]
    assert f"github.event.schedule == '{crons[1]}'" == workflow["jobs"]["quarterly"]["if"]


@pytest.mark.parametrize("name", ["nightly.sh", "quarterly.sh"])
def test_the_scripts_pass_on_what_went_wrong_and_go_on_after_a_refusal(tmp_path, name):
    """A stand-in for tamis ends with the code that the test wants of each verb and writes down what was called."""
    stand_in = tmp_path / "tamis"
    stand_in.write_text(
        '#!/bin/sh\necho "$1" >> "$WORKSPACE/called"\nexit "$(cat "$WORKSPACE/$1" 2>/dev/null || echo 0)"\n'
    )
    stand_in.chmod(0o755)
    env = {"TAMIS": str(stand_in), "WORKSPACE": str(tmp_path), "PATH": "/usr/bin:/bin"}

    def run(**codes):
        for old in ("called", "score", "monitor", "push", "retrain", "recalibrate"):
            (tmp_path / old).unlink(missing_ok=True)
        for verb, code in codes.items():
            (tmp_path / verb).write_text(str(code))
        ended = subprocess.run([str(FOLDER / name)], env=env, check=False, capture_output=True)
        return ended.returncode, (tmp_path / "called").read_text().split()

    if name == "nightly.sh":
        assert run() == (0, ["score", "monitor", "push"])
        assert run(monitor=4) == (0, ["score", "monitor", "push"])
        assert run(monitor=5) == (5, ["score", "monitor"])
        assert run(score=3) == (3, ["score"])
        assert run(push=6) == (6, ["score", "monitor", "push"])
    else:
        assert run() == (0, ["retrain"])
        assert run(retrain=4) == (0, ["retrain", "recalibrate"])
        assert run(retrain=4, recalibrate=4) == (0, ["retrain", "recalibrate"])
        assert run(retrain=4, recalibrate=3) == (3, ["retrain", "recalibrate"])
        assert run(retrain=5) == (5, ["retrain"])


def test_systemd_accepts_the_units(tmp_path):
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd is not installed here")
    for path in (FOLDER / "systemd").iterdir():
        unit = re.sub(r"^ExecStart=.*$", "ExecStart=/bin/true", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        (tmp_path / path.name).write_text(unit)
    found = subprocess.run([tool, "verify", *map(str, tmp_path.iterdir())], check=False, capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (0, "")


def test_cron_accepts_the_table():
    tool = shutil.which("crontab")
    if tool is None:
        pytest.skip("cron is not installed here")
    found = subprocess.run([tool, "-n", str(FOLDER / "tamis.cron")], check=False, capture_output=True, text=True)
    if "invalid option" in found.stderr:
        pytest.skip("this crontab has no dry run")
    assert found.returncode == 0, found.stderr
