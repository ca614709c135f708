"""`journeys replay`: the transitions that a log gives, from a file or from Kafka with its journal."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from streams.cli.journeys import load_machine, settings_for
from streams.codec.envelope import Fields
from streams.codec.partition import partition_codec
from streams.core.engines import make_processor
from streams.engine.machine import Machine
from streams.engine.values import instant_ms
from streams.live.errors import Faulty, Stopped, where
from streams.live.history import read_history
from streams.live.partitioner import partition_of
from streams.live.settings import Settings
from streams.partition.records import Decode, Record
from streams.replay.runner import Decisions, advance, replay
from streams.replay.sources import read_decisions, read_lines

app = typer.Typer(add_completion=False)

EVENTS = typer.Argument(help="File of events, one JSON object a line, in log order. `-` is standard input.")
JOURNEY = typer.Option("--journey", help="Journey file; may be given several times.", exists=True, dir_okay=False)
TOPIC = typer.Option(help="Read this input topic and the journal of the app instead of a file.", metavar="TOPIC")
PARTITIONS = typer.Option(min=1, help="Partitions that the events of a file are spread over, as Kafka's producers do.")
UNTIL = typer.Option(help="Move the clock on to this time at the end (RFC 3339 with offset).", metavar="TIME")
OUT = typer.Option("--out", help="Write the records there instead of to standard output.", dir_okay=False)
FROZEN_TOLD = 20


class Log(NamedTuple):
    """One partition to be replayed, and how its records are to be read."""

    records: Iterable[Record]
    decisions: Decisions
    decode: Decode | None = None
    arrival_is_occurred: bool = False
    future_skew_ms: int = 300_000


@app.command("replay")
def replay_command(  # noqa: PLR0913, PLR0917  # one parameter per option
    events: Annotated[Path | None, EVENTS] = None,
    journey: Annotated[list[Path] | None, JOURNEY] = None,
    topic: Annotated[str | None, TOPIC] = None,
    partitions: Annotated[int, PARTITIONS] = 1,
    until: Annotated[str | None, UNTIL] = None,
    out: Annotated[Path | None, OUT] = None,
) -> None:
    """Print the transition records that a log gives, one JSON object a line, partition after partition.

    Example: journeys replay events.jsonl --journey b2b-trial.yaml --until 2026-03-31T00:00:00Z

    From Kafka it reads the topic and the journal of the app as far as they go when it starts, with the settings that
    the worker has: JOURNEYS_KAFKA__BOOTSTRAP_SERVERS=127.0.0.1:9092 journeys replay --topic product.events --journey
    b2b-trial.yaml
    """
    if (events is None) == (topic is None):
        raise typer.BadParameter("give a file of events, or --topic to read Kafka")
    end = None if until is None else instant_ms(until)
    if until is not None and end is None:
        raise typer.BadParameter(f"--until {until}: write a timestamp with offset, such as 2026-03-31T00:00:00Z")
    if events is not None:
        machine, logs = load_machine(journey or []), _from_file(events, partitions)
    else:
        settings = settings_for(topic)
        machine = load_machine(journey or [], settings.limits.of_engine())
        logs = _from_kafka(settings)
    if out is None:
        _run(machine, logs, end, sys.stdout.buffer.write)
        sys.stdout.buffer.flush()
    else:
        with out.open("wb") as file:
            _run(machine, logs, end, file.write)


def _from_file(events: Path, partitions: int) -> list[Log]:
    found: list[list[Record]] = [[] for _ in range(partitions)]
    try:
        with sys.stdin.buffer if str(events) == "-" else events.open("rb") as lines:
            for partition, record in read_lines(lines, Fields(), lambda key: partition_of(key, partitions)):
                found[partition].append(record)
    except OSError as error:
        raise typer.BadParameter(f"{events}: {error.strerror}") from None
    return [Log(records, Decisions()) for records in found]


def _from_kafka(settings: Settings) -> list[Log]:
    try:
        history = asyncio.run(read_history(settings, settings.source.topic))
    except Stopped as stopped:
        typer.echo(str(stopped), err=True)
        raise typer.Exit(stopped.exit_code) from None
    source, decisions = settings.source, [read_decisions((r.offset, r.value) for r in h.journal) for h in history]
    reading = (source.reader(), source.arrival == "occurred", source.future_skew_ms)
    return [Log(h.records, decided, *reading) for h, decided in zip(history, decisions, strict=True)]


def _run(machine: Machine, logs: Sequence[Log], end: int | None, write: Callable[[bytes], object]) -> None:
    """Every partition in turn; progress and the count of what became of the records go to standard error."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description} {task.completed:,} records"), TimeElapsedColumn())
    facts: Counter[str] = Counter()
    rows, frozen = 0, list[str]()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("replay")
        for log in logs:
            processor = make_processor(
                machine,
                partition_codec(machine, log.decode),
                future_skew_ms=log.future_skew_ms,
                arrival_is_occurred=log.arrival_is_occurred,
            )
            outcomes = [replay(processor, log.records, log.decisions)]
            outcomes += [advance(processor, end)] if end is not None else []
            for part in outcomes:
                for outcome in part:
                    for _, record in outcome.transitions:
                        write(record + b"\n")
                    rows += len(outcome.transitions)
                    facts.update(outcome.facts.results)
                    frozen += [f"{f.key.decode()}: {where(f.error)}" for f in outcome.frozen]
                    progress.update(task, advance=sum(outcome.facts.results.values()))
    told = ", ".join(f"{n:,} {result}" for result, n in facts.items() if n)
    console.print(f"{rows:,} transitions from {sum(facts.values()):,} records ({told or 'none'})", highlight=False)
    if frozen:
        console.print(f"{len(frozen):,} entities are frozen, as a worker would have them: a due step has raised")
        console.print("\n".join(frozen[:FROZEN_TOLD]), highlight=False)
        raise typer.Exit(Faulty.exit_code)
