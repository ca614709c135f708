"""The agent that owns the state machines, and what names the rules that interpret a log."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from faust.types import StreamT

from streams.live.app import Step, asking, hash_of_files, hash_of_settings, state_machines
from streams.live.errors import Poisoned
from streams.live.lane import Lane
from streams.live.settings import Settings
from streams.live.surroundings import Ask
from streams.live.tenure import Tenure


@pytest.fixture
async def ask() -> AsyncIterator[Ask]:
    """How to ask an agent that runs, with a queue in place of Faust's channel."""
    queue: asyncio.Queue[Step] = asyncio.Queue(1)

    async def stream() -> AsyncIterator[Step]:
        while True:
            yield await queue.get()

    agent = asyncio.ensure_future(state_machines(cast("StreamT[Step]", stream())))
    yield asking(queue.put)
    assert not agent.done()
    agent.cancel()


def owner() -> tuple[Lane, Tenure]:
    """A lane with its tenure, as far as the agent looks at them."""
    tenure = cast("Tenure", SimpleNamespace())
    return cast("Lane", SimpleNamespace(tenure=tenure)), tenure


async def test_a_step_of_the_owner_is_run(ask: Ask) -> None:
    """Its number comes back."""
    lane, tenure = owner()
    assert await ask(lane, tenure, lambda: 7) == 7
    assert await ask(lane, tenure, lambda: None) == 0


async def test_a_step_of_a_tenure_that_is_over_is_not_run(ask: Ask) -> None:
    """It lay in the channel while its lane was rebuilt: applying it would move a state that is another's."""
    lane, tenure = owner()
    ran: list[int] = []
    late = asyncio.ensure_future(ask(lane, tenure, lambda: ran.append(1)))
    lane.tenure = None
    with pytest.raises(asyncio.CancelledError):
        await late
    assert not ran


async def test_a_step_whose_lane_was_cancelled_is_not_run(ask: Ask) -> None:
    """Nobody waits for it any more."""
    lane, tenure = owner()
    ran: list[int] = []
    cancelled = asyncio.ensure_future(ask(lane, tenure, lambda: ran.append(1)))
    await asyncio.sleep(0)
    cancelled.cancel()
    assert await ask(lane, tenure, lambda: 1) == 1
    assert not ran


async def test_what_a_step_raises_reaches_its_lane_without_its_content_and_the_agent_lives(ask: Ask) -> None:
    """The message may hold what somebody's event said."""
    lane, tenure = owner()

    def step() -> None:
        raise ValueError("their secret")

    with pytest.raises(Poisoned, match=r"ValueError at test_app\.py:\d+ in step") as caught:
        await ask(lane, tenure, step)
    assert "secret" not in str(caught.value)
    assert await ask(lane, tenure, lambda: 1) == 1


def test_files_are_named_by_content_alone(tmp_path: Path) -> None:
    """Neither their names nor their order count."""
    one, two, three = (tmp_path / name for name in "abc")
    one.write_text("1")
    two.write_text("2")
    three.write_text("1")
    assert hash_of_files([one, two]) == hash_of_files([two, three])
    assert hash_of_files([one, two]) != hash_of_files([one])


def test_only_settings_that_change_a_result_count() -> None:
    """Not where the broker is."""
    kafka, source = {"bootstrap_servers": ["a:1"]}, {"topic": "events"}

    def hashed(**more: object) -> str:
        return hash_of_settings(Settings(**{"kafka": kafka, "source": source, **more}))  # type: ignore[arg-type]

    assert hashed() == hashed(kafka={"bootstrap_servers": ["b:1"]}, clock={"margin": "9s"})
    assert hashed() != hashed(source={"topic": "events", "future_skew": "1s"})
