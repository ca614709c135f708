"""`journeys`: the commands, each in a file of its own, which is imported when the command is named.

Faust and Kafka's client take most of a second to import; `journeys check` needs neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

NAMES = ("worker", "check", "test", "replay", "explain", "schemas", "topics", "doctor", "demo")


class Commands(Mapping[str, Any]):
    """Name -> Typer's command, made of the `app` of its file."""

    def __getitem__(self, name: str) -> Any:
        if name not in NAMES:
            raise KeyError(name)
        return typer.main.get_command(import_module(f"streams.cli.{name}").app)

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


class Group(TyperGroup):
    """The group of these commands."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "commands": Commands()})


app = typer.Typer(cls=Group, no_args_is_help=True, pretty_exceptions_show_locals=False, add_completion=False)


@app.callback()
def journeys() -> None:
    """Customer journeys over Kafka events: who is where, since when and why, exactly once."""
