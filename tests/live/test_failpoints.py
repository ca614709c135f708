"""Where a worker ends when it is told to, and that nothing happens when it is not."""

import signal
import subprocess
import sys

import pytest

from streams.live.failpoints import Trap, fail_point, pass_by

WALK = """
from streams.live.failpoints import fail_point
for step in range(5):
    print(step, flush=True)
    fail_point("after begin")
    fail_point("after state")
"""


def test_without_the_variable_nobody_stops() -> None:
    """As in every worker of a user."""
    assert fail_point is pass_by


def test_the_process_ends_at_the_place_when_it_is_there_for_that_time() -> None:
    """By the signal, as if somebody else had sent it."""
    told = {"FAIL_POINT": "after state, 3, SIGKILL"}
    walk = subprocess.run([sys.executable, "-c", WALK], env=told, capture_output=True, text=True, check=False)
    assert (walk.stdout.split(), walk.returncode) == (["0", "1", "2"], -signal.SIGKILL)


def test_a_place_that_does_not_exist_is_refused() -> None:
    """A typing error must not look like a worker that survives everything."""
    with pytest.raises(ValueError, match="there is no 'after lunch'; there are before fencing"):
        Trap("after lunch, 1, SIGKILL")
