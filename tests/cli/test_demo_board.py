"""What the demo counts, reading nothing but transitions."""

import orjson

from schemas.transition import EXAMPLE
from streams.cli.demo_board import Board, Edge

STALLED = ("stalled", "setup_done", "key_feature")


def row(who: str, rule: str, kind: str, episode: int = 1, **more: object) -> bytes:
    """A transition as a worker publishes it."""
    number = sum(map(ord, f"{who}{rule}{kind}")) * 100 + episode
    return orjson.dumps(
        EXAMPLE
        | {"transition_id": f"{number:032x}", "entity_id": who, "rule": rule, "kind": kind, "episode": episode}
        | more
    )


def board_of(*values: bytes) -> Board:
    """A board that has read these."""
    board = Board()
    for value in values:
        board.add(value)
    return board


def test_who_has_entered_and_not_exited_is_in() -> None:
    """Over all episodes."""
    board = board_of(
        *(row(who, "hello", "entered") for who in "abc"), row("a", "hello", "exited"), row("a", "hello", "entered", 2)
    )
    assert (board.members("hello"), board.times("hello", "entered"), board.times("hello", "exited")) == (3, 4, 1)


def test_a_row_that_is_delivered_again_counts_once() -> None:
    """Also an old revision that comes after a newer one."""
    first, newer = row("a", "hello", "entered"), row("a", "hello", "entered", revision=1)
    board = board_of(first, first, newer, first)
    assert (board.members("hello"), board.corrections, board.seen) == (1, 1, 4)


def test_a_retraction_takes_back_what_was_counted_and_a_later_revision_gives_it_again() -> None:
    """The newest revision is what counts."""
    values = [
        row("a", *("stalled", "dropped_off")),
        row("a", *("stalled", "dropped_off"), revision=1, retracted=True),
        row("a", *("stalled", "dropped_off"), revision=2),
    ]
    assert [board_of(*values[:n]).times("stalled", "dropped_off") for n in (1, 2, 3)] == [1, 0, 1]


def test_an_edge_tells_who_is_pending_who_passed_and_who_fell() -> None:
    """A recovered person has fallen all the same; the rate leaves out those who are still pending."""
    board = board_of(
        *(row(who, "setup_done", "achieved") for who in ("pending", "passed", "fell", "back")),
        row("passed", "key_feature", "achieved"),
        *(row(who, "stalled", "dropped_off") for who in ("fell", "back")),
        row("back", "key_feature", "achieved"),
        row("back", "stalled", "recovered"),
    )
    assert board.edge(*STALLED) == Edge(pending=1, dropped=2, recovered=1, fell=2, decided=3)


def test_an_edge_from_a_milestone_to_itself_is_a_habit_that_nobody_passes() -> None:
    """All who have the milestone are asked."""
    board = board_of(
        *(row(who, "onboarded", "achieved") for who in "abcd"),
        row("a", "quiet", "dropped_off"),
        row("a", "quiet", "recovered"),
        row("a", "quiet", "dropped_off", 2),
    )
    assert board.edge("quiet", "onboarded", "onboarded") == Edge(3, dropped=2, recovered=1, fell=1, decided=4)


def test_the_newest_row_of_each_rule_and_kind_is_kept_in_sight() -> None:
    """However many of the others there are; the newest of all stands last."""
    board = board_of(
        row("a", "stalled", "dropped_off"),
        *(row(who, "hello", "entered") for who in "bcd"),
        row("e", "hello", "exited"),
    )
    newest = [(r.entity_id, r.kind) for r in board.newest(10)]
    assert newest == [("a", "dropped_off"), ("d", "entered"), ("e", "exited")]
    assert board.newest(1) == board.newest(10)[-1:]
