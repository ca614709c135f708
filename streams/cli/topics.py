"""`journeys topics`: what the topics of the app must be like, and making them so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import typer

from streams.live.errors import Stopped
from streams.live.settings import Settings, load_settings
from streams.live.topic_admin import apply_topics, plan_topics
from streams.live.topics import Difference

app = typer.Typer(name="topics", help="The topics that belong to the app.", no_args_is_help=True, add_completion=False)


@app.command("plan")
def plan_command() -> None:
    """Print what `apply` would do. Exit code 1 if that is anything, 0 if all is as it must be."""
    differences = told(plan_topics)
    raise typer.Exit(1 if differences else 0)


@app.command("apply")
def apply_command() -> None:
    """Create what is missing and set what differs; nothing is ever made smaller or deleted."""
    told(apply_topics)


def told(work: Callable[[Settings], Coroutine[Any, Any, list[Difference]]]) -> list[Difference]:
    """Do it and print it, a line each; exit with what the error says."""
    try:
        differences = asyncio.run(work(load_settings()))
    except Stopped as error:
        typer.echo(error, err=True)
        raise typer.Exit(error.exit_code) from None
    for difference in differences:
        typer.echo(difference)
    if not differences:
        typer.echo("all topics are as they must be")
    return differences
