"""How the demo looks."""

from io import StringIO

import pytest
from rich.console import Console

from schemas.transition import EXAMPLE, Transition
from streams.cli.demo_processes import JOURNEY
from streams.cli.demo_table import Scene, WorkerLine, draw, lines, what, why
from streams.language import load_journey
from tests.cli.test_demo_board import row


@pytest.fixture
def scene() -> Scene:
    """Three workers, one of them dead, and a person who has stalled."""
    scene = Scene(load_journey(JOURNEY), 60, phase="31 s of 60 s", written=12_345, per_second=1_500.0)
    scene.workers = [WorkerLine("worker-1", 11, "killed"), WorkerLine("worker-2", 12, "running"), WorkerLine("w", 13)]
    scene.lag, scene.owners = {0: 7, 1: 0}, {0: "worker-2", 1: "worker-2"}
    scene.notes.append("12:00:00 KILLED worker-1")
    scene.board.add(row("u7", "setup_done", "achieved", edge=None, cause="event"))
    scene.board.add(row("u7", "stalled", "dropped_off"))
    return scene


def text(scene: Scene, width: int, height: int) -> list[str]:
    """What a terminal of that size shows."""
    out = StringIO()
    console = Console(width=width, height=height, file=out)
    console.print(draw(scene, width, height), height=height)
    return out.getvalue().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40)])
def test_a_terminal_shows_every_rule_the_workers_and_the_newest_row_with_its_reason(
    scene: Scene, width: int, height: int
) -> None:
    """Also a small one."""
    shown = text(scene, width, height)
    assert len(shown) <= height
    picture = "\n".join(shown)
    for name in (*scene.journey.segments, *scene.journey.milestones):
        assert name in picture
    assert "worker-1 (11)" in picture
    assert "0:7 1:0" in picture
    assert "KILLED worker-1" in picture
    assert "u7 dropped_off stalled" in picture
    assert "lag 7" in picture


def test_a_log_shows_the_same_in_lines(scene: Scene) -> None:
    """Numbers of people, and the reason of the newest rows."""
    told = "\n".join(lines(scene))
    assert "31 s of 60 s: 1,500 events/s (12,345), lag 7, 1 people, 2 transitions, 0 of them corrections" in told
    assert "stalled: 0 pending, 1 dropped, 0 recovered, rate 100 %" in told
    assert "u7 dropped_off stalled: what it expects did not come: 172800.000 s after 10:00:00.000" in told


def test_before_the_first_row_a_log_has_one_line_only(scene: Scene) -> None:
    """There is nothing to be said about people."""
    empty = Scene(scene.journey, 60, phase="two workers are starting")
    assert list(lines(empty)) == [
        "two workers are starting: 0 events/s (0), lag 0, 0 people, 0 transitions, 0 of them corrections"
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cause": "event"}, "event e1"),
        ({"cause": "time", "evidence": {"anchor_at": None, "event_ids": []}}, "time alone"),
        ({"cause": "deadline"}, "what it expects did not come: 172800.000 s after 10:00:00.000"),
        ({"cause": "late_event"}, "e1 came late and changed the past"),
        ({"cause": "late_event", "retracted": True}, "TAKEN BACK: e1 came late and changed the past"),
        ({"cause": "population", "kind": "exited"}, "outside the population now"),
        ({"cause": "population", "kind": "entered"}, "inside the population now"),
        ({"cause": "definition_change"}, "a new version of the journey"),
    ],
)
def test_every_cause_is_said_in_words(change: dict[str, object], said: str) -> None:
    """From the row alone."""
    assert why(transition(change)) == said


def test_a_change_within_a_group_says_from_where_or_to_where() -> None:
    """The other side is in the row."""
    assert what(transition({"rule": "hello", "kind": "exited", "to": "times_up"})) == "u1 exited hello to times_up"
    assert what(transition({"rule": "hello", "kind": "entered", "from": "quiet"})) == "u1 entered hello from quiet"


def transition(change: dict[str, object]) -> Transition:
    """The example of the schema, changed."""
    return Transition.model_validate(EXAMPLE | change, strict=False)
