"""`journeys worker`: reads the input topic and publishes transitions until it is told to stop."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.journeys import journey_files, load_machine
from streams.core.engines import CannotRun, chosen
from streams.live.app import run
from streams.live.errors import Faulty, Misconfigured, Stopped
from streams.live.logs import show_log
from streams.live.settings import load_settings

app = typer.Typer(add_completion=False)

JOURNEY = typer.Option("--journey", help="Journey file to be added to those of the settings; may be repeated.")
LEVEL = typer.Option(help="How much is told on stderr: debug shows every commit, warning only what goes wrong.")
LEVELS = ("debug", "info", "warning", "error")

log = logging.getLogger(__name__)


@app.command("worker")
def worker_command(
    journey: Annotated[list[Path] | None, JOURNEY] = None, log_level: Annotated[str, LEVEL] = "info"
) -> None:
    """Run a worker; start as many as you like, they share the partitions.

    Everything comes from settings: journeys.yaml (or the file that JOURNEYS_CONFIG names) and the environment.
    Example: JOURNEYS_KAFKA__BOOTSTRAP_SERVERS=127.0.0.1:9092 JOURNEYS_SOURCE__TOPIC=product.events journeys worker
    --journey b2b-trial.yaml

    Exit codes: 0 told to stop, 1 state or log are not as they must be, 2 settings, topics or broker, 70 our fault.
    """
    if log_level not in LEVELS:
        raise typer.BadParameter(f"one of {', '.join(LEVELS)}", param_hint="--log-level")
    try:
        settings = load_settings(tuple(journey or ()))
    except Stopped as error:
        typer.echo(error, err=True)
        raise typer.Exit(error.exit_code) from None
    show_log(log_level.upper(), settings.log.format)
    files = list(journey_files(settings.journeys))
    machine = load_machine(files, settings.limits.of_engine())
    try:
        chosen(settings.engine, machine)
    except CannotRun as error:
        typer.echo(f"settings: {error}", err=True)
        raise typer.Exit(Misconfigured.exit_code) from None
    try:
        code = run(settings, machine, files)
    except Exception:
        log.exception("the worker has failed, which should not happen; please report it")
        code = Faulty.exit_code
    raise typer.Exit(code)
