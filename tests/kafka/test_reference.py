"""The reference job, small: two workers, one of them killed with a transaction open, and exactly the rows expected.

The whole of it, a million events and three kills, is `ops/bench/exact`, which this runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

EXACT = Path(__file__).parents[2] / "ops" / "bench" / "exact"


def test_no_row_is_missing_extra_or_doubled_after_a_kill_in_mid_transaction() -> None:
    """Twenty thousand events, written over some seconds; half-way a worker is killed."""
    options = ["--events", "20000", "--users", "2000", "--seconds", "8", "--kill", "50"]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    run = subprocess.run(
        [EXACT, *options], env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )

    assert "0 missing, 0 extra, 0 doubled" in run.stdout, run.stderr
    assert "killed a worker with transactions open in partitions [" in run.stderr
    assert run.returncode == 0
