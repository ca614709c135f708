"""What commands begin with, a machine and settings; or all that is wrong with them on standard error, and an exit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import typer

from streams.engine.machine import Limits, Machine
from streams.language import ProblemsFound, compile_journey, load_journey
from streams.live.errors import Stopped
from streams.live.settings import Settings, load_settings


def journey_files(paths: Iterable[Path]) -> Iterable[Path]:
    """Files as they are, folders as the YAML files in them."""
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.iterdir() if file.suffix in (".yaml", ".yml"))
        else:
            yield path


def load_machine(paths: Sequence[Path], limits: Limits | None = None) -> Machine:
    """All journeys of a command. limits: of the settings, where it reads any.

    Exits with 1 if a journey is refused, with 2 if none is given.
    """
    if not paths:
        typer.echo("no journey: give at least one --journey FILE", err=True)
        raise typer.Exit(2)
    problems: list[str] = []
    plans = []
    for path in paths:
        try:
            plans.append(compile_journey(load_journey(path)))
        except ProblemsFound as found:
            problems += map(str, found.problems)
    try:
        if not problems:
            return Machine(plans, limits)
    except ValueError as error:
        problems.append(str(error))
    for problem in problems:
        typer.echo(problem, err=True)
    raise typer.Exit(1)


def settings_for(topic: str | None) -> Settings:
    """Those of the worker, but for the topic where another is named. Exits where they are wrong."""
    try:
        return load_settings(topic=topic)
    except Stopped as stopped:
        typer.echo(str(stopped), err=True)
        raise typer.Exit(stopped.exit_code) from None
