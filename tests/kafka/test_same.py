"""The same input and journal give the same bytes: live with a worker killed, and replayed however it is cut.

The whole of it, a million events, is `ops/bench/same`, which this runs.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SAME = Path(__file__).parents[2] / "ops" / "bench" / "same"


@pytest.mark.timeout(300)
def test_live_with_a_kill_and_replays_in_any_process_and_batch_give_the_same_bytes() -> None:
    """Twenty thousand events under ticks; the deadlines of a fortnight pass within some seconds."""
    options = ["--events", "20000", "--users", "2000", "--seconds", "8"]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    run = subprocess.run([SAME, *options], env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout + run.stderr
    assert "killing a worker with SIGKILL" in run.stderr
    ticks = re.search(r"([0-9]+) clocks in the journal", run.stdout)
    assert ticks is not None
    assert int(ticks[1]) > 0
    assert run.stdout.count("  same\n") == (3 + 2) * 4, run.stdout
    assert run.stdout.endswith("the same bytes\n")
