"""The processes of the demo: what is said when one of them fails. The whole is in tests/kafka/test_demo.py."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.cli import demo_processes
from streams.cli.demo_processes import Failed, Processes, Worker


@pytest.fixture
def processes() -> Iterator[Processes]:
    """An empty set of processes."""
    with Processes() as processes:
        yield processes


def worker(code: str, folder: Path) -> Worker:
    """A worker that is some Python."""
    log = folder / "log"
    with log.open("wb") as file:
        process = subprocess.Popen([sys.executable, "-c", code], stdout=file, stderr=file)
    return Worker("worker-1", process, log)


def test_a_worker_that_ends_by_itself_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    """So that nobody has to look for the log, which is gone a moment later."""
    ended = worker("print('no such topic'); raise SystemExit(2)", tmp_path)
    ended.process.wait()
    with pytest.raises(Failed, match=r"worker-1 has ended with code 2.*\nno such topic"):
        ended.check()


def test_a_worker_that_runs_or_was_killed_or_stopped_is_no_failure(tmp_path: Path) -> None:
    """Killing is part of the play."""
    killed, left = worker("input()", tmp_path), worker("pass", tmp_path)
    killed.check()
    killed.kill()
    for each in (killed, left):
        each.process.wait()
        each.check()


def test_a_command_that_says_no_is_told_with_what_it_said(
    processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And with what was asked."""
    program = tmp_path / "journeys"
    program.write_text("#!/bin/sh\necho there is no topic >&2\nexit 2\n")
    program.chmod(0o755)
    monkeypatch.setattr(demo_processes, "PROGRAM", program)
    with pytest.raises(Failed, match=r"`journeys topics apply` ended with code 2:\nthere is no topic"):
        processes.run("topics", "apply")


def test_settings_of_the_caller_do_not_reach_the_demo(
    processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It must never touch somebody's real topics."""
    program = tmp_path / "journeys"
    program.write_text("#!/bin/sh\nenv | grep JOURNEYS_ || true\n")
    program.chmod(0o755)
    monkeypatch.setattr(demo_processes, "PROGRAM", program)
    monkeypatch.setenv("JOURNEYS_KAFKA__BOOTSTRAP_SERVERS", "production:9092")
    assert processes.run() == ""


def test_outside_of_a_clone_the_demo_says_where_it_runs(
    processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installed package has neither the broker script nor the journey."""
    monkeypatch.setattr(demo_processes, "BROKER", tmp_path / "broker")
    with pytest.raises(Failed, match="runs in a clone of the repository"):
        processes.start_broker()


def test_nothing_is_left_when_it_is_told_to_end(tmp_path: Path) -> None:
    """Neither a process nor a folder, and signals are again what they were."""
    before = signal.getsignal(signal.SIGTERM)
    processes = Processes()
    processes.workers.append(worker("input()", tmp_path))

    with pytest.raises(KeyboardInterrupt), processes:
        signal.raise_signal(signal.SIGTERM)

    assert processes.workers[0].process.poll() == -signal.SIGKILL
    assert not processes.folder.exists()
    assert signal.getsignal(signal.SIGTERM) == before
