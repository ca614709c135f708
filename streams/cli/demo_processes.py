"""The processes of the demo: a broker of its own, workers, and single commands; each a child that is known by its id.

Rules
  - everything lives in one temporary folder, and nothing is left of it, however the demo ends: workers are killed by
    their ids, the broker's folder is wiped (which kills the broker), the folder is deleted; beside it there is one
    file, with addresses for Prometheus;
  - children get the demo's settings and no others: neither those of the caller's environment nor of a file;
  - Ctrl-C in the terminal is for the demo alone, which ends the rest.
Does not know: what the processes do for one another, Kafka.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
JOURNEY = ROOT / "ops" / "journeys" / "demo.yaml"
BROKER = ROOT / "ops" / "kafka" / "broker"
TARGETS = ROOT / "ops" / "prometheus" / "targets" / "demo.json"
SERVES = re.compile(r"http: http://(\S+)/metrics")
PROGRAM = Path(sys.executable).with_name("journeys")
APP = "demo"
INPUT = "product.events"
SESSION_TIMEOUT = "6s"  # the shortest there is: so long nobody knows that a killed worker is dead
TAIL_LINES = 20
KILLED = -signal.SIGKILL
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Failed(Exception):
    """The demo cannot go on; the message says why, and what to do next."""


@dataclass
class Worker:
    """A worker that was started. name: also its instance id in the group."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        """As a crash of the machine would: no goodbye, nothing is finished."""
        self.process.kill()

    def stop(self) -> None:
        """Ask it to leave."""
        self.process.terminate()

    @property
    def http(self) -> str | None:
        """Where it serves, as host:port; None until its log tells it."""
        told = SERVES.search(self.log.read_text(errors="replace"))
        return told and told[1]

    def check(self) -> None:
        """Raises `Failed` if it has ended although nobody killed or stopped it."""
        code = self.process.poll()
        if code not in (None, 0, KILLED):
            raise Failed(f"{self.name} has ended with code {code}. The end of its log:\n{tail(self.log)}")


@dataclass
class Processes:
    """A context: on leaving it everything is gone."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="journeys-demo-")))
    workers: list[Worker] = field(default_factory=list)
    _settings: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> Self:
        """SIGTERM and SIGHUP are like Ctrl-C in here, and Ctrl-C is heard even where a shell had it ignored."""
        self._handlers = {number: signal.getsignal(number) for number in SIGNALS}
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))
        return self

    def __exit__(self, *_: object) -> None:
        """Not to be interrupted: it takes a second or two."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for worker in self.workers:
            worker.kill()
            worker.process.wait()
        with contextlib.suppress(Failed):
            self._broker("wipe")
        shutil.rmtree(self.folder, ignore_errors=True)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def start_broker(self) -> str:
        """Start the broker and return its address."""
        if not (BROKER.exists() and JOURNEY.exists()):
            raise Failed(
                f"{BROKER} or {JOURNEY} is not there: the demo runs in a clone of the repository, by `make demo`"
            )
        address = self._broker("start").split()[-1]
        self._settings = {
            "JOURNEYS_APP": APP,
            "JOURNEYS_KAFKA__BOOTSTRAP_SERVERS": address,
            "JOURNEYS_KAFKA__SESSION_TIMEOUT": SESSION_TIMEOUT,
            "JOURNEYS_SOURCE__TOPIC": INPUT,
        }
        return address

    def start_worker(self, name: str) -> Worker:
        """Start one more worker."""
        log = self.folder / f"{name}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(  # noqa: S603  # our own program
                [PROGRAM, "worker", "--journey", JOURNEY],
                cwd=self.folder,
                env=self._environment(JOURNEYS_KAFKA__INSTANCE_ID=name),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        worker = Worker(name, process, log)
        self.workers.append(worker)
        return worker

    def show_targets(self) -> None:
        """Write down where the workers that live serve their metrics, as Prometheus reads it (file_sd).

        The file outlives the demo: a Prometheus that has been started with it knows where to look at the next one.
        """
        living = [worker.http for worker in self.workers if worker.process.poll() is None and worker.http]
        TARGETS.parent.mkdir(exist_ok=True)
        TARGETS.write_text(json.dumps([{"targets": living, "labels": {"app": APP}}]) + "\n")

    def run(self, *arguments: str | Path) -> str:
        """Run another command of `journeys` to its end; what it said. Raises `Failed` with that if it says no."""
        told = f"`journeys {' '.join(map(str, arguments))}`"
        return self._run([PROGRAM, *arguments], told)

    def _broker(self, command: str) -> str:
        data = self.folder / "broker"
        return self._run([BROKER, command, "--data", data], f"`ops/kafka/broker {command}`")

    def _run(self, command: Sequence[str | Path], told: str) -> str:
        done = subprocess.run(  # noqa: S603  # programs of this repository
            command, cwd=self.folder, env=self._environment(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Failed(f"{told} ended with code {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def _environment(self, **more: str) -> dict[str, str]:
        others = {name: value for name, value in os.environ.items() if not name.startswith("JOURNEYS_")}
        return others | self._settings | more


def tail(log: Path) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-TAIL_LINES:])
