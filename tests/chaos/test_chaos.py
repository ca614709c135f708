"""Workers under fire, for less than a minute; for longer, and with more nemeses, `make chaos`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).resolve().parents[2] / "ops" / "chaos" / "run"


def chaos(*options: str) -> subprocess.CompletedProcess[str]:
    """A run whose result is not kept."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        [RUN, "--forget", *options], env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )


@pytest.mark.timeout(300)
def test_workers_that_are_killed_stopped_and_replaced_leave_what_they_should() -> None:
    """At random, at fail points, as zombies; nothing is missing, extra or doubled, and everything is of one mind."""
    run = chaos("--minutes", "0.4", "--rate", "200", "--nemesis", "kill,failpoint,sigterm", "--seed", "3")
    assert "0 missing, 0 extra, 0 doubled: ok" in run.stdout, run.stdout + run.stderr
    assert run.returncode == 0


def test_an_unknown_nemesis_is_refused() -> None:
    """With the names that there are."""
    run = chaos("--nemesis", "kill,nessie")
    assert run.returncode != 0
    assert "unknown: nessie" in run.stderr
