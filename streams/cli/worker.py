"""`journeys worker`: reads the input topic and publishes transitions until it is told to stop."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.journeys import load_machine
from streams.live.app import run
from streams.live.errors import Stopped
from streams.live.settings import load_settings

JOURNEY = typer.Option("--journey", help="Journey file to be added to those of the settings; may be repeated.")
LEVEL = typer.Option(help="How much is told on stderr: debug shows every commit, warning only what goes wrong.")
LEVELS = ("debug", "info", "warning", "error")
REPEAT_S = 10.0


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
    show_log(log_level.upper())
    try:
        settings = load_settings(tuple(journey or ()))
    except Stopped as error:
        typer.echo(error, err=True)
        raise typer.Exit(error.exit_code) from None
    files = list(journey_files(settings.journeys))
    raise typer.Exit(run(settings, load_machine(files), files))


def journey_files(paths: Iterable[Path]) -> Iterable[Path]:
    """Files as they are, folders as the YAML files in them."""
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.iterdir() if file.suffix in (".yaml", ".yml"))
        else:
            yield path


def show_log(level: str) -> None:
    """Log to stderr: ours from `level` on, of the libraries what goes wrong."""
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    logging.getLogger("streams").setLevel(level)
    for handler in logging.getLogger().handlers:
        handler.addFilter(Quieter())


class Quieter(logging.Filter):
    """What aiokafka says: errors only (to it a rebalance is a warning), and each now and then.

    While a broker is down every connection says so every 10 ms.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is shown."""
        if not record.name.startswith("aiokafka"):
            return True
        if record.levelno < logging.ERROR or record.created - self._said.get(str(record.msg), 0.0) < REPEAT_S:
            return False
        self._said[str(record.msg)] = record.created
        return True
