"""Live against replay: the first difference is found and told."""

from streams.cli.demo_verdict import first_difference

PUBLISHED = [[b"a", b"b"], [], [b"c"]]


def test_the_same_rows_partition_after_partition_are_identical() -> None:
    """A partition may be empty."""
    assert first_difference(PUBLISHED, [b"a", b"b", b"c"]) is None
    assert first_difference([[], []], []) is None


def test_another_value_is_told_with_its_place() -> None:
    """Partition and row count from 0."""
    assert first_difference(PUBLISHED, [b"a", b"B", b"c"]) == ("partition 0, row 1:\n  published  b\n  replayed   B")


def test_a_row_that_the_replay_lacks_is_told() -> None:
    """It was published and should not have been, or the replay lost it."""
    assert first_difference(PUBLISHED, [b"a", b"b"]) == "partition 2, row 0:\n  published  c\n  replayed   (no row)"


def test_a_row_that_the_topic_lacks_is_told() -> None:
    """It should have been published."""
    assert first_difference(PUBLISHED, [b"a", b"b", b"c", b"d"]) == (
        "the replay has a row more than the topic:\n  replayed   d"
    )
