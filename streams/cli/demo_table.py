"""How the demo looks: a table that is drawn again and again for a terminal, or lines for a log.

Decides: what is shown, where, in which words. Which segments and milestones there are, the journey file says.
Does not know: how any of it came about, time (it is handed in).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rich.console import Group, RenderableType
from rich.layout import Layout
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from schemas.journey import Journey
from schemas.transition import Cause, Transition
from streams.cli.demo_board import Board

NOTES = 3
BAR = 10
WIDE = 100  # columns, from which on there is room for bars
GONE = ("exited", "withdrawn")
KIND_STYLE = {
    "achieved": "green",
    "entered": "cyan",
    "exited": "bright_black",
    "dropped_off": "red",
    "recovered": "yellow",
    "withdrawn": "bright_black",
}


@dataclass
class WorkerLine:
    """One worker: its name is also its instance id in the group."""

    name: str
    pid: int
    state: str = "starting"


@dataclass
class Scene:
    """Everything that is shown. length_s: of the product's run. per_second: events, over the last seconds."""

    journey: Journey
    length_s: int
    board: Board = field(default_factory=Board)
    workers: list[WorkerLine] = field(default_factory=list)
    lag: Mapping[int, int] = field(default_factory=dict)
    owners: Mapping[int, str] = field(default_factory=dict)
    notes: deque[str] = field(default_factory=lambda: deque(maxlen=NOTES))
    phase: str = ""
    written: int = 0
    per_second: float = 0.0


# -- words -------------------------------------------------------------------------------------------------------------
def what(row: Transition) -> str:
    """What happened to whom."""
    side = f" from {row.from_}" if row.from_ else f" to {row.to}" if row.to else ""
    return f"{row.entity_id} {row.kind} {row.rule}{side}"


def why(row: Transition) -> str:
    """The reason that the row itself gives."""
    events = ", ".join(row.evidence.event_ids)
    reasons: Mapping[Cause, str] = {
        "event": f"event {events}",
        "time": f"time alone{since(row)}",
        "deadline": f"what it expects did not come:{since(row)}",
        "late_event": f"{events or 'an event'} came late and changed the past",
        "population": f"{'outside' if row.kind in GONE else 'inside'} the population now",
        "definition_change": "a new version of the journey",
    }
    return f"TAKEN BACK: {reasons[row.cause]}" if row.retracted else reasons[row.cause]


def since(row: Transition) -> str:
    """How long after the rule's anchor."""
    anchor = row.evidence.anchor_at
    if anchor is None:
        return ""
    passed = datetime.fromisoformat(row.effective_at) - datetime.fromisoformat(anchor)
    return f" {passed.total_seconds():.3f} s after {clock(anchor)}"


def clock(instant: str) -> str:
    """The time of day of an RFC 3339 instant."""
    return instant[11:23]


def share(part: float, whole: float) -> str:
    """Percent."""
    return f"{100 * part / whole:.0f} %" if whole else "–"


# -- the table ---------------------------------------------------------------------------------------------------------
def draw(scene: Scene, width: int, height: int) -> RenderableType:
    """The whole picture for a terminal of so many columns and lines."""
    journey, wide = scene.journey, width >= WIDE
    groups = len({segment.group for segment in journey.segments.values()})
    people = max(len(journey.segments) + groups, len(journey.milestones) + len(journey.dropoffs) + 2)
    sizes = {"header": 2, "people": people, "machines": len(scene.workers) + 1, "notes": max(len(scene.notes), 1)}
    rows = max(1, height - sum(sizes.values()) - 1)
    layout = Layout()
    layout.split_column(*(Layout(name=name, size=size) for name, size in sizes.items()), Layout(last(scene, rows)))
    layout["header"].update(header(scene))
    layout["people"].split_row(Layout(where(scene, wide)), Layout(Group(milestones(scene, wide), dropoffs(scene))))
    layout["machines"].update(machines(scene))
    layout["notes"].update(
        Group(*(Text(f" {note}", "yellow", no_wrap=True, overflow="ellipsis") for note in scene.notes))
    )
    return layout


def header(scene: Scene) -> RenderableType:
    """What it is, and how fast."""
    board = scene.board
    return Group(
        Text(f" {scene.journey.title}  ·  {scene.phase}", style="bold", no_wrap=True, overflow="ellipsis"),
        Text(
            f" {scene.per_second:,.0f} events/s ({scene.written:,})  ·  lag {sum(scene.lag.values()):,}  ·  "
            f"{len(board.people):,} people  ·  {board.seen:,} transitions, {board.corrections:,} of them corrections",
            no_wrap=True,
            overflow="ellipsis",
        ),
    )


def columns(title: str, *others: str | Text) -> Table:
    """A table without lines; numbers to the right."""
    table = Table(box=None, expand=True, padding=(0, 1), header_style="bright_black")
    table.add_column(title, no_wrap=True, ratio=1, style="bold")
    for other in others:
        table.add_column(other, justify="right", no_wrap=True)
    return table


def where(scene: Scene, wide: bool) -> RenderableType:
    """Segments, those of a group together."""
    table = columns("segment", "now", "entered", "exited", *bars(wide))
    board, before = scene.board, ""
    for name, segment in scene.journey.segments.items():
        if before and segment.group != before:
            table.add_row(Text(f"(beside {before})", style="bright_black"))
        before = segment.group or ""
        now = board.members(name)
        counts = f"{now:,}", f"{board.times(name, 'entered'):,}", f"{board.times(name, 'exited'):,}"
        table.add_row(name, *counts, *bars(wide, now, len(board.people)))
    return table


def milestones(scene: Scene, wide: bool) -> RenderableType:
    """Reached by how many, and which share of all people that is."""
    table = columns("milestone", "reached", "of all", *bars(wide))
    for name in scene.journey.milestones:
        reached, people = scene.board.times(name, "achieved"), len(scene.board.people)
        table.add_row(name, f"{reached:,}", share(reached, people), *bars(wide, reached, people))
    return table


def dropoffs(scene: Scene) -> RenderableType:
    """Who fell off which edge."""
    table = columns("drop-off", "pending", "dropped", "back", "rate")
    for name, dropoff in scene.journey.dropoffs.items():
        if dropoff.edge:
            edge = scene.board.edge(name, *dropoff.edge)
            counts = f"{edge.pending:,}", f"{edge.dropped:,}", f"{edge.recovered:,}"
            table.add_row(name, *counts, Text(share(edge.fell, edge.decided), "red"))
    return table


def bars(wide: bool, part: int = 0, whole: int = 0) -> list[Text]:
    """A share as a bar, or nothing where there is no room."""
    filled = round(BAR * part / whole) if whole else 0
    return [Text("█" * filled, "cyan") + Text("░" * (BAR - filled if whole else 0), "bright_black")] if wide else []


def machines(scene: Scene) -> RenderableType:
    """Workers and their partitions, each with its lag."""
    table = columns("worker", "state", "partitions:lag")
    for worker in scene.workers:
        owned = [p for p, name in sorted(scene.owners.items()) if name == worker.name]
        told = " ".join(f"{p}:{scene.lag.get(p, 0)}" for p in owned)
        style = {"running": "green", "killed": "bold red"}.get(worker.state, "yellow")
        table.add_row(f"{worker.name} ({worker.pid})", Text(worker.state, style), told or "–")
    return table


def last(scene: Scene, rows: int) -> RenderableType:
    """The newest transition of each rule and kind, with its reason."""
    table = Table(box=None, expand=True, padding=(0, 1), show_header=False)
    table.add_column(style="bright_black", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, ratio=1, overflow="ellipsis", style="bright_black")
    for row in scene.board.newest(rows):
        style = "magenta" if row.revision else KIND_STYLE[row.kind]
        table.add_row(clock(row.effective_at), Text(what(row), style), why(row))
    return Group(Rule("last transitions, one of each kind, and why", style="bright_black", align="left"), table)


# -- lines -------------------------------------------------------------------------------------------------------------
def lines(scene: Scene) -> Iterator[str]:
    """The same for a log, in a few lines."""
    board, journey = scene.board, scene.journey
    yield (
        f"{scene.phase}: {scene.per_second:,.0f} events/s ({scene.written:,}), lag {sum(scene.lag.values()):,}, "
        f"{len(board.people):,} people, {board.seen:,} transitions, {board.corrections:,} of them corrections"
    )
    if not board.seen:
        return
    yield "  now in    " + ", ".join(f"{name} {board.members(name):,}" for name in journey.segments)
    yield "  reached   " + ", ".join(f"{name} {board.times(name, 'achieved'):,}" for name in journey.milestones)
    for name, dropoff in journey.dropoffs.items():
        if dropoff.edge:
            edge = board.edge(name, *dropoff.edge)
            counts = f"{edge.pending:,} pending, {edge.dropped:,} dropped, {edge.recovered:,} recovered"
            yield f"  drop-off  {name}: {counts}, rate {share(edge.fell, edge.decided)}"
    for row in board.newest(3):
        yield f"  last      {clock(row.effective_at)} {what(row)}: {why(row)}"
