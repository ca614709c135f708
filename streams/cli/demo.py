"""`journeys demo`: two workers, a product and a crash, on a broker of its own, before one's eyes.

Decides: what is prepared, and how it is judged: the transitions topic against a replay of the same log and journal.
What happens in between is in `demo_play`.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from typing import Annotated

import typer
from rich.console import Console

from streams.cli.demo_play import PARTITIONS, Play
from streams.cli.demo_processes import APP, INPUT, JOURNEY, Failed, Processes
from streams.cli.demo_show import Show
from streams.cli.demo_table import Scene
from streams.cli.demo_verdict import first_difference
from streams.language import load_journey
from streams.live.clients import Clients
from streams.live.demo import Follower, Values, create_input
from streams.live.errors import Stopped
from streams.live.sections import Kafka
from streams.live.topics import TopicNames

app = typer.Typer(add_completion=False)

INTERRUPTED = 130

SECONDS = typer.Option(min=15, help="How long the product writes events.")
USERS = typer.Option(min=10, help="How many people sign up meanwhile.")
TTY = typer.Option("--tty/--no-tty", help="Draw a table, or print lines; without either: a table in a terminal.")


@app.command("demo")
def demo_command(
    seconds: Annotated[int, SECONDS] = 50,
    users: Annotated[int, USERS] = 2_000,
    tty: Annotated[bool | None, TTY] = None,
) -> None:
    """Watch two workers, a simulated product and a crash, on a broker of its own; all is gone afterwards.

    Example: journeys demo --seconds 30 --users 500 --no-tty

    Exit codes: 0 live and replay are identical, 1 they are not or something has failed, 130 interrupted.
    """
    try:
        with Processes() as processes:
            console = Console(highlight=False, soft_wrap=True)
            drawn = sys.stdout.isatty() if tty is None else tty
            logging.basicConfig(filename=processes.folder / "demo.log", level=logging.WARNING)
            show = Show(Scene(load_journey(JOURNEY), seconds), console, drawn=drawn)
            difference = perform(processes, show, users)
    except (Failed, Stopped) as failure:
        typer.echo(f"demo: {failure}", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        typer.echo("demo: interrupted; its workers, its broker and their folder are gone", err=True)
        raise typer.Exit(INTERRUPTED) from None
    raise typer.Exit(1 if difference else 0)


def perform(processes: Processes, show: Show, users: int) -> str | None:
    """Prepare, play, judge; the first difference between live and replay, if there is one."""
    show.note("starting a broker")
    address = processes.start_broker()
    clients = Clients(Kafka(bootstrap_servers=(address,)))
    asyncio.run(create_input(clients, INPUT, PARTITIONS))
    show.note(f"broker at {address}; topic {INPUT} with {PARTITIONS} partitions; now: journeys topics apply")
    made = [line.partition(":")[0] for line in processes.run("topics", "apply").splitlines()]
    show.note(f"created {', '.join(made)}")
    asyncio.run(Play(processes, clients, show, users).run())
    show.note(f"now: journeys replay --topic {INPUT} --journey {JOURNEY.name}")
    return judge(processes, clients, show)


def judge(processes: Processes, clients: Clients, show: Show) -> str | None:
    """Compare what is in the topic with what the log and the journal give; say it."""
    began, out = time.monotonic(), processes.folder / "replayed.jsonl"
    processes.run("replay", "--topic", INPUT, "--journey", JOURNEY, "--out", out)
    replayed = out.read_bytes().splitlines()
    published = asyncio.run(read_all(clients))
    show.note(
        f"replayed {len(replayed):,} transitions in {time.monotonic() - began:.1f} s; comparing them byte for byte"
    )
    difference = first_difference(published, replayed)
    for partition, values in enumerate(published):
        show.note(f"  {TopicNames(APP).transitions}, partition {partition}: {len(values):,} rows")
    show.note("identical" if difference is None else f"DIFFERENT: {difference}")
    return difference


async def read_all(clients: Clients) -> list[Values]:
    """The transitions topic, by partition."""
    async with Follower(clients, TopicNames(APP).transitions, PARTITIONS) as follower:
        return await follower.read_to_end()
