"""`journeys explain`: why an entity is or is not where it is."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from streams.cli.explain_text import WIDTH, show
from streams.cli.journeys import load_machine, settings_for
from streams.codec.envelope import Fields
from streams.engine.machine import Machine
from streams.engine.values import instant_ms
from streams.language import load_journey
from streams.live.errors import Stopped
from streams.live.history import read_history_of, read_state_of
from streams.live.settings import Settings
from streams.replay.explain import explain
from streams.replay.explanation import Explanation
from streams.replay.sources import read_decisions, read_lines
from streams.replay.watch import Known, Log, Unheard, from_log, from_state

app = typer.Typer(add_completion=False)

ENTITY = typer.Argument(metavar="ENTITY", help="The id of the entity, as events write it.")
JOURNEY = typer.Option("--journey", help="Journey file; may be given several times.", exists=True, dir_okay=False)
EVENTS = typer.Option(help="File of events, one JSON object a line, as for `journeys replay`; `-` is standard input.")
TOPIC = typer.Option(help="Read this input topic and the journal of the app.", metavar="TOPIC")
STATE = typer.Option("--state", help="Read what the worker has stored last; all journeys of the worker are needed.")
AT = typer.Option(help="Explain this moment (RFC 3339 with offset), not the end of the events.", metavar="TIME")
AS_JSON = typer.Option("--json", help="Print one JSON object.")
SHOW_PII = typer.Option("--show-pii", help="Show what the journey marks as personal.")


@app.command("explain")
def explain_command(  # noqa: PLR0913, PLR0917  # one parameter per option
    entity: Annotated[str, ENTITY],
    journey: Annotated[list[Path] | None, JOURNEY] = None,
    events: Annotated[Path | None, EVENTS] = None,
    topic: Annotated[str | None, TOPIC] = None,
    state: Annotated[bool, STATE] = False,
    at: Annotated[str | None, AT] = None,
    as_json: Annotated[bool, AS_JSON] = False,
    show_pii: Annotated[bool, SHOW_PII] = False,
) -> None:
    """Why an entity is or is not where it is: every condition, its value, its evidence.

    Also what is pending, when it is due, what comes next, and what would have
    to happen. Exits with 1 if nothing is known of the entity.

    Example: journeys explain u1 --journey b2b-trial.yaml --events events.jsonl

    From Kafka, with the settings that the worker has: --topic product.events
    replays the partition of the entity with its journal; --state takes what the
    worker has stored last, as of its clock.

    The keys of --json (instants are RFC 3339 in UTC, *_ms are milliseconds, a
    value is true, false or null for unknown; what would say nothing is absent):

    entity account clock events_known (all or recent) refused journeys

    - refused: offset reason detail type id

    - journeys: journey version at started complete history_from population
      (inside condition) milestones groups dropoffs next

    - milestones: name achieved_at events when (as it was then, or is now)

    - groups: group member members (name inside claims why when until priority
      episode since left_at events), the highest priority first

    - dropoffs: name state why after within_ms expects anchor_at deadline since
      episode expect if edge history (at what anchor_at deadline why events)

    - next: at kind rule episode other, if no event comes

    - conditions: op says value until change, and by op:
      all any not: parts at_least
      count: at_least or at_most, seen counted number_only after last_ms begin
      anchor whole missed
      open: at_least or at_most, seen counted older_ms
      elapsed ahead: anchor begin end
      attribute: attribute actual tests event
      milestone segment dropped: rule since

    - anchors: says at known event; counted: at id value
    """
    if (events is not None) + (topic is not None) + state != 1:
        raise typer.BadParameter("give exactly one of --events FILE, --topic TOPIC and --state")
    moment = None if at is None else instant_ms(at)
    if at is not None and moment is None:
        raise typer.BadParameter(f"--at {at}: write a timestamp with offset, such as 2026-03-31T00:00:00Z")
    if state and at is not None:
        raise typer.BadParameter("--state is as of the worker's clock; for another moment take --topic")
    files = journey or []
    source = events or settings_for(topic)
    machine = load_machine(files, source.limits.of_engine() if isinstance(source, Settings) else None)
    try:
        if isinstance(source, Settings):
            known = _from_state(machine, entity, source) if state else _from_topic(machine, entity, moment, source)
        else:
            known = from_log(machine, entity, _from_file(source), moment)
    except Unheard as unheard:
        typer.echo(f"{entity}: {unheard}", err=True)
        raise typer.Exit(1) from None
    except Stopped as stopped:
        typer.echo(str(stopped), err=True)
        raise typer.Exit(stopped.exit_code) from None
    _print(explain(known, {j.journey: j for j in map(load_journey, files)}, show_pii=show_pii), as_json=as_json)


def _from_file(events: Path) -> Log:
    try:
        with sys.stdin.buffer if str(events) == "-" else events.open("rb") as lines:
            return Log([record for _, record in read_lines(lines, Fields(), lambda _: 0)])
    except OSError as error:
        raise typer.BadParameter(f"{events}: {error.strerror}") from None


def _from_topic(machine: Machine, entity: str, at: int | None, settings: Settings) -> Known:
    """What a replay of its partition tells. Raises Unheard, Stopped."""
    source = settings.source
    history = asyncio.run(read_history_of(settings, source.topic, entity.encode()))
    decisions = read_decisions((r.offset, r.value) for r in history.journal)
    reading = (source.arrival == "occurred", source.future_skew_ms, source.reader())
    return from_log(machine, entity, Log(history.records, decisions, *reading), at)


def _from_state(machine: Machine, entity: str, settings: Settings) -> Known:
    """What the worker has stored last. Raises Unheard, Stopped."""
    clock, state = asyncio.run(read_state_of(settings, machine.fingerprint, entity.encode()))
    if state is None:
        raise Unheard(f"the app {settings.app} has no state of it: no event that matters to a rule has been applied")
    return from_state(machine, entity, state, clock)


def _print(explanation: Explanation, *, as_json: bool) -> None:
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(explanation)).decode())
        return
    console = Console(highlight=False)
    console.width = min(WIDTH, console.width) if console.is_terminal else WIDTH
    show(explanation, console)
