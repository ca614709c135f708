"""Journey files of a command line -> a machine, or every problem on standard error and exit code 1."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from streams.engine.machine import Machine
from streams.language import ProblemsFound, compile_journey, load_journey


def load_machine(paths: Sequence[Path]) -> Machine:
    """All journeys of a command. Exits with 1 if one is refused, with 2 if none is given."""
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
            return Machine(plans)
    except ValueError as error:
        problems.append(str(error))
    for problem in problems:
        typer.echo(problem, err=True)
    raise typer.Exit(1)
