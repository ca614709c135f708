"""The demo as a newcomer runs it, in a short form."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from streams.cli.demo_processes import TARGETS

PROGRAM = Path(sys.executable).with_name("journeys")


@pytest.mark.timeout(300)
def test_the_demo_survives_a_kill_and_its_replay_is_identical(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two workers, one killed and replaced: they published what a replay gives, and nothing is left of it all."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    demo = subprocess.run(
        [PROGRAM, "demo", "--no-tty", "--seconds", "15", "--users", "300"], capture_output=True, text=True, check=False
    )

    said = demo.stdout
    assert demo.returncode == 0, said + demo.stderr
    assert said.splitlines()[-1].endswith("identical")
    assert json.loads(TARGETS.read_text())[0]["targets"] == re.findall(r"http://([^/]+)/metrics", said)[1:]
    for happening in ("KILLED worker-1", "worker-2 has taken over", "worker-3 has joined", "and the workers left in"):
        assert happening in said
    assert list(tmp_path.iterdir()) == []
