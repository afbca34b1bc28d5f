"""The command line: one verb per job, thin; each verb's work is imported only when it runs.

Exit codes: 0 done, 2 bad use or settings, 3 bad data, 4 a gate refused, 5 an outside system failed, 6 done in
part, 1 only for a bug.
"""

import io
import os
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from features.errors import TamisError
from pipeline.cli_options import HERE, JsonOption, LanguageOption, LeadArgument, LogOption, WhyOption, WorkspaceOption
from pipeline.console import Console
from pipeline.machine_errors import of_the_machine

app = typer.Typer(
    name="tamis",
    help="Predictive B2B lead scoring: calibrated, explained, safe to run unattended.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

STOPPED = 130  # typer's code for Ctrl-C


def _console(as_json: bool, log_json: bool) -> Console:
    console = Console(as_json=as_json, log_json=log_json)
    _State.console = console
    return console


class _State:
    """The console of the running verb, so that an error is told in the form that was asked for."""

    console = Console()


@app.command(epilog="Example: tamis demo demo --leads 5000")
def demo(
    directory: Annotated[Path, typer.Argument(help="Folder to create.", metavar="[DIR]")] = Path("demo"),
    leads: Annotated[int, typer.Option(help="Leads to simulate.", min=1000)] = 20_000,
    events: Annotated[float, typer.Option(help="Events per lead, on average.", min=1.0)] = 15.0,
    seed: Annotated[int, typer.Option(help="Same seed, same company.", min=0)] = 7,
    force: Annotated[bool, typer.Option("--force", help="Replace a demo that stands there.")] = False,
    lang: LanguageOption = None,
    as_json: JsonOption = False,
    log_json: LogOption = False,
) -> None:
    """Simulate a company with known true probabilities, then train, score, explain and report."""
    from pipeline import demo as job

    job.run(
        directory,
        leads=leads,
        events=events,
        seed=seed,
        force=force,
        language=lang,
        now=_now(),
        console=_console(as_json, log_json),
    )


@app.command(epilog="Example: tamis init crm --leads export.csv --id ID --outcome Status --won Won --created Created")
def init(
    directory: Annotated[Path, typer.Argument(help="Workspace to create.", metavar="[DIR]")] = HERE,
    leads: Annotated[
        Path | None, typer.Option(help="CSV or Parquet file with one row per lead.", metavar="FILE")
    ] = None,
    id_column: Annotated[str | None, typer.Option("--id", help="Column that identifies a lead.", metavar="COL")] = None,
    outcome: Annotated[str | None, typer.Option(help="Column that says how it ended.", metavar="COL")] = None,
    won: Annotated[list[str] | None, typer.Option(help="Value that means won; repeatable.", metavar="VALUE")] = None,
    created: Annotated[str | None, typer.Option(help="Column with the creation time.", metavar="COL")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Column never to use; repeatable.", metavar="COL")] = None,
    preset: Annotated[
        str, typer.Option(help="CRM whose exports stand in the folder: hubspot, salesforce, dynamics or odoo.")
    ] = "",
    data: Annotated[
        Path | None, typer.Option(help="Folder of the tables or exports; default: data in it.", metavar="DIR")
    ] = None,
    time_zone: Annotated[str, typer.Option(help="Zone of times that name none, such as Europe/Paris.")] = "",
    lang: LanguageOption = None,
    as_json: JsonOption = False,
    log_json: LogOption = False,
) -> None:
    """Look at the data and write tamis.toml, every setting in it."""
    from pipeline import init as job

    shown = (id_column, outcome, tuple(won or ()), created, tuple(exclude or ()))
    request = job.Request(directory, leads, *shown, lang, preset, data, time_zone)
    job.run(request, console=_console(as_json, log_json))


@app.command(epilog="Example: tamis check --workspace crm")
def check(workspace: WorkspaceOption = HERE, as_json: JsonOption = False, log_json: LogOption = False) -> None:
    """Validate the data, count, show what is mature, what looks like a leak and what will be used."""
    from pipeline import check as job

    job.run(workspace, now=_now(), console=_console(as_json, log_json))


@app.command(epilog="Example: tamis train --workspace crm")
def train(workspace: WorkspaceOption = HERE, as_json: JsonOption = False, log_json: LogOption = False) -> None:
    """Train one model with its full evidence; it becomes champion if there is none and the gates pass."""
    from pipeline import train as job

    job.run(workspace, now=_now(), by=_user(), console=_console(as_json, log_json))


@app.command(epilog="Example: tamis retrain --workspace crm")
def retrain(workspace: WorkspaceOption = HERE, as_json: JsonOption = False, log_json: LogOption = False) -> None:
    """Train, compare with the champion on rows that neither has learnt from, promote only if as good or better."""
    from pipeline import retrain as job

    job.run(workspace, now=_now(), by=_user(), console=_console(as_json, log_json))


@app.command(epilog="Example: tamis recalibrate --workspace crm")
def recalibrate(workspace: WorkspaceOption = HERE, as_json: JsonOption = False, log_json: LogOption = False) -> None:
    """Learn the champion's percentages anew from the outcomes that matured since; same ranking, same reasons."""
    from pipeline import recalibrate as job

    job.run(workspace, now=_now(), by=_user(), console=_console(as_json, log_json))


@app.command(epilog="Example: tamis models --json")
def models(workspace: WorkspaceOption = HERE, as_json: JsonOption = False, log_json: LogOption = False) -> None:
    """List the versions in the registry, newest first."""
    from pipeline import registry as job

    job.show(workspace, console=_console(as_json, log_json))


@app.command(epilog='Example: tamis promote 3 --why "better on the newest quarter"')
def promote(
    version: Annotated[int, typer.Argument(help="Version to make champion.", min=1)],
    why: WhyOption = "",
    force: Annotated[bool, typer.Option("--force", help="Although its gates refused it.")] = False,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
    log_json: LogOption = False,
) -> None:
    """Make a version the champion; who, when and why are kept."""
    from pipeline import registry as job

    decision = job.Decision(by=_user(), why=why, at=_now())
    job.promote(workspace, version, decision, force=force, console=_console(as_json, log_json))


@app.command(epilog='Example: tamis rollback --why "complaints from sales"')
def rollback(
    why: WhyOption = "",
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
    log_json: LogOption = False,
) -> None:
    """Go back to the previous champion in one step."""
    from pipeline import registry as job

    job.rollback(workspace, job.Decision(by=_user(), why=why, at=_now()), console=_console(as_json, log_json))


@app.command(epilog="Example: tamis score --leads new.csv --out scores.parquet")
def score(
    leads: Annotated[
        Path | None, typer.Option(help="Score these rows instead of the open leads.", metavar="FILE")
    ] = None,
    as_of: Annotated[str | None, typer.Option(help="Cutoff, ISO 8601; default: now.", metavar="T")] = None,
    model: Annotated[str, typer.Option(help="Alias or version number.", metavar="ALIAS")] = "champion",
    out: Annotated[
        Path | None, typer.Option(help="Also write the rows here (.parquet or .csv).", metavar="FILE")
    ] = None,
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Answer one lead per line of JSON, at once; publish nothing.")
    ] = False,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
    log_json: LogOption = False,
) -> None:
    """Score the open leads and publish an immutable score run; or, with --stdin, answer about single leads."""
    from pipeline import score as job

    request, console = job.Request(leads, as_of, model, out), _console(as_json, log_json)
    if stdin:
        from pipeline import online

        online.run(workspace, request, now=time.time, console=console)
        return
    job.run(workspace, request, now=_now(), console=console)


@app.command(epilog="Example: tamis explain lead-00042 --lang fr")
def explain(
    lead_id: LeadArgument,
    lang: LanguageOption = None,
    html: Annotated[Path | None, typer.Option(help="Write the dossier here.", metavar="FILE")] = None,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
    log_json: LogOption = False,
) -> None:
    """Say why a lead has its score: the dossier of one lead."""
    from pipeline import explain as job

    job.run(workspace, lead_id, language=lang, html=html, console=_console(as_json, log_json))


@app.command(epilog="Example: tamis push --dry-run")
def push(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written; write nothing.")] = False,
    rollback_run: Annotated[
        str | None, typer.Option("--rollback", help="Give back what was accepted before this score run.", metavar="RUN")
    ] = None,
    prepare: Annotated[bool, typer.Option("--prepare", help="Create the mapped fields that are missing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Although many leads change band.")] = False,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
    log_json: LogOption = False,
) -> None:
    """Write what changed in the newest score run to the CRM, once, and keep every refusal."""
    from pipeline.crm import push as job

    request = job.Request(dry_run=dry_run, rollback=rollback_run, prepare=prepare, force=force)
    job.run(workspace, request, now=_now(), console=_console(as_json, log_json))


@app.command(epilog="Example: tamis monitor --note week.html --lang fr")
def monitor(
    note: Annotated[
        Path | None, typer.Option(help="Write a page for sales and marketing (.html or .md).", metavar="FILE")
    ] = None,
    lang: LanguageOption = None,
    fail_on_alarm: Annotated[bool, typer.Option("--fail-on-alarm", help="Exit with 4 on any alarm.")] = False,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
    log_json: LogOption = False,
) -> None:
    """Say whether data, open leads, scores and promises are still what they were; ring only where they are not."""
    from pipeline import monitor as job

    job.run(
        workspace,
        now=_now(),
        console=_console(as_json, log_json),
        note=note,
        language=lang,
        fail_on_alarm=fail_on_alarm,
    )


@app.command(epilog="Example: tamis serve --workspace crm")
def serve(
    host: Annotated[str | None, typer.Option(help="Address; default: the settings.", metavar="HOST")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 for any.", min=0, max=65_535)] = None,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
    log_json: LogOption = False,
) -> None:
    """Show whom to call today, why, and what the model is worth, in a browser; until Ctrl-C."""
    from pipeline.page import serve as job

    job.run(workspace, host=host, port=port, user=_user(), now=time.time, console=_console(as_json, log_json))


@app.command(epilog="Example: tamis forget lead-00042 --dry-run")
def forget(
    lead_id: LeadArgument,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be erased; change nothing.")] = False,
    without_crm: Annotated[
        bool, typer.Option("--without-crm", help="Leave the CRM's fields: the person is erased there already.")
    ] = False,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
    log_json: LogOption = False,
) -> None:
    """Erase a person from everything that Tamis keeps, prove it by a search, and never read that lead again."""
    from pipeline.forget import forget as job

    console = _console(as_json, log_json)
    job.run(workspace, lead_id, dry_run=dry_run, without_crm=without_crm, console=console)


@app.command(epilog="Example: tamis funnel --html funnel.html --csv tables --lang fr")
def funnel(
    html: Annotated[Path | None, typer.Option(help="Write the report here.", metavar="FILE")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write its tables into this folder.", metavar="DIR")] = None,
    within: Annotated[
        int | None,
        typer.Option(help="Days in which a step must be passed; default: twice the horizon.", metavar="DAYS"),
    ] = None,
    lang: LanguageOption = None,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
    log_json: LogOption = False,
) -> None:
    """Show what becomes of leads: stages, refusals, delays, cost and return by channel."""
    from pipeline import funnel as job

    job.run(workspace, job.Request(within, lang, html, csv), now=_now(), console=_console(as_json, log_json))


@app.command(epilog="Example: tamis decisions lead-00042 --json")
def decisions(
    lead_id: LeadArgument,
    lang: LanguageOption = None,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
    log_json: LogOption = False,
) -> None:
    """Show every decision about a lead: when, by which model, facts, threshold, rule and definition, or by whom."""
    from pipeline import decisions as job

    job.run(workspace, lead_id, language=lang, console=_console(as_json, log_json))


@app.command(epilog='Example: tamis override lead-00042 hand_over --why "met them at the fair"')
def override(
    lead_id: LeadArgument,
    decision: Annotated[str, typer.Argument(help="hand_over, nurture, disqualify, or free.", metavar="DECISION")],
    why: WhyOption = "",
    lang: LanguageOption = None,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
    log_json: LogOption = False,
) -> None:
    """Decide about one lead instead of the policy, from the next score run on; free takes that back."""
    from pipeline import decisions as job

    given = job.Given(lead_id, decision, by=_user(), why=why, at=_now())
    job.override(workspace, given, language=lang, console=_console(as_json, log_json))


@app.command(epilog="Example: tamis doctor")
def doctor(workspace: WorkspaceOption = HERE, as_json: JsonOption = False, log_json: LogOption = False) -> None:
    """Check the installation and the workspace, and say what to mend."""
    from pipeline import doctor as job

    job.run(workspace, console=_console(as_json, log_json))


def _now() -> int:
    return int(time.time())


def _user() -> str:
    return os.environ.get("USER") or os.environ.get("LOGNAME") or "unattended"


def main(arguments: list[str] | None = None) -> None:
    """Run one verb; turn every error into its sentence and its exit code."""
    # Trees grow by threads that wait for each other: long awake, they starve whatever else runs on the machine; asleep
    # at once, they wake up late.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("GOMP_SPINCOUNT", "3000")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without "é" shows "?" rather than a bug
    sys.exit(run_verb(sys.argv[1:] if arguments is None else arguments))


def run_verb(words: list[str]) -> int:
    """Run one verb and give its exit code."""
    _State.console = Console(as_json="--json" in words, log_json="--log-json" in words)
    try:
        result: Any = app(words or ["--help"], standalone_mode=False)
    except TamisError as error:
        _State.console.fail(str(error), error.exit_code)
        return error.exit_code
    except typer.TyperException as error:
        sentence = str(getattr(error, "format_message", error.__str__)()).rstrip(".")
        _State.console.fail(f"{sentence}{'' if sentence.endswith('?') else '.'} See 'tamis --help'.", 2)
        return 2
    except SystemExit:
        _State.console.fail("a connection was closed by the other side. Try again.", 5)  # so typer ends on EPIPE
        return 5
    except Exception as error:
        return _bug(error)
    if result == STOPPED:
        sys.stderr.write("tamis: stopped; nothing was half published.\n")
    return result if isinstance(result, int) else 0


def _bug(error: Exception) -> int:
    """Tell what is no error of ours, without a traceback unless TAMIS_DEBUG asks: the text may hold customers' data."""
    if os.environ.get("TAMIS_DEBUG"):
        raise error
    if told := of_the_machine(error):
        _State.console.fail(str(told), told.exit_code)
        return told.exit_code
    _State.console.fail(
        f"this is a bug of Tamis ({type(error).__name__}). Nothing was half published. "
        "Run again with TAMIS_DEBUG=1 and report what it prints.",
        1,
    )
    return 1
