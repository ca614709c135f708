"""`journeys`: the commands, each in a file of its own."""

from __future__ import annotations

import typer

from streams.cli import topics
from streams.cli.check import check
from streams.cli.demo import demo_command
from streams.cli.doctor import doctor_command
from streams.cli.explain import explain_command
from streams.cli.replay import replay_command
from streams.cli.schemas import schemas
from streams.cli.test import test_command
from streams.cli.worker import worker_command

app = typer.Typer(
    help="Customer journeys over Kafka events: who is where, since when and why, exactly once.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    add_completion=False,
)
app.command("worker")(worker_command)
app.command("check")(check)
app.command("test")(test_command)
app.command("replay")(replay_command)
app.command("explain")(explain_command)
app.command("schemas")(schemas)
app.add_typer(topics.app, name="topics")
app.command("doctor")(doctor_command)
app.command("demo")(demo_command)
