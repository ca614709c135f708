"""Worker processes of one app: as many as are wanted, whatever happens to them, as an orchestrator would have it.

A worker that ends is noted with its exit code and replaced. What a code means is the run's business: 0 and our own
signals are no news, 2 is what a worker says that cannot reach its brokers, anything else is a finding.
Does not know: Kafka, why workers die.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

JOURNEYS = Path(sys.executable).with_name("journeys")
LAUNCHER = Path(__file__).with_name("worker.py")
OWNS = re.compile(r"^(\S+ \S+) INFO partition (\d+) (?:open at|goes on at)", re.MULTILINE)
REBALANCED = re.compile(r"^\S+ (\d+):(\d+):(\d+),(\d+) INFO rebalance: \d+ of", re.MULTILINE)
TAKES_S = 1.0  # in which all members of a group have told of the same rebalance
LEAVE_S = 5.0  # that SIGTERM may take
UNREACHABLE = 2
RESTART_S = 1.0  # before a worker that has given up is started again


@dataclass
class Worker:
    """A process and its log. static: its `instance_id`, which its successor will have. told: more environment."""

    process: subprocess.Popen[bytes]
    log: Path
    static: str
    told: Mapping[str, str]
    stopped: bool = False

    def text(self) -> str:
        """What it has said so far."""
        return self.log.read_text(errors="replace")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)
        self.stopped = (self.stopped or number == signal.SIGSTOP) and number != signal.SIGCONT

    def ended(self) -> bool:
        """Whether it has."""
        return self.process.poll() is not None

    def stands_still(self) -> bool:
        """Whether the process is stopped, by us or by itself."""
        try:
            return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
        except FileNotFoundError:
            return False


@dataclass
class Fleet:
    """wrong: the wrong worker that is started instead of the right one. Its workers end with `kill_all`."""

    journey: Path
    environment: dict[str, str]
    folder: Path
    say: Callable[[str], None]
    wrong: str = ""
    static: bool = False
    wanted: int = 3
    running: list[Worker] = field(default_factory=list)
    leaving: dict[int, float] = field(default_factory=dict)
    kills: int = 0
    started: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    slowest_leave_s: float = 0.0
    resting: bool = False
    not_before: float = 0.0
    next_told: Callable[[], Mapping[str, str]] = dict

    def start(self, static: str = "", **more: str) -> Worker:
        """One more worker."""
        self.started += 1
        log = self.folder / f"worker-{self.started:04}.log"
        told = {**self.next_told(), **more}
        launch = [sys.executable, str(LAUNCHER)] if self.wrong or told.keys() & {"CLOCK_OFF_MS"} else [str(JOURNEYS)]
        environment = os.environ | self.environment | told | ({"WRONG_WORKER": self.wrong} if self.wrong else {})
        if self.static:
            static = static or f"worker-{self.started}"
            environment["JOURNEYS_KAFKA__INSTANCE_ID"] = static
        with log.open("wb") as file:
            command = [*launch, "worker", "--journey", str(self.journey)]
            process = subprocess.Popen(command, env=environment, stdout=file, stderr=file, cwd=self.folder)
        self.running.append(Worker(process, log, static, told))
        return self.running[-1]

    def look_after(self) -> None:
        """Note who has ended, and start others in their place. To be called again and again."""
        for worker in list(self.running):
            if worker.ended():
                self.running.remove(worker)
                self._note(worker)
        staying = [w for w in self.running if w.process.pid not in self.leaving]
        if not self.resting and len(staying) < self.wanted and time.monotonic() >= self.not_before:
            self.start()

    def _note(self, worker: Worker) -> None:
        code = worker.process.returncode
        self.ends[str(code)] += 1
        since = self.leaving.pop(worker.process.pid, None)
        if code == -signal.SIGKILL:
            self.kills += 1
        elif code == UNREACHABLE:
            self.not_before = time.monotonic() + RESTART_S
        elif since is None or code not in (0, -signal.SIGTERM):  # the latter before it has begun to listen
            last = worker.text().strip().splitlines()[-1:]
            self.findings.append(f"worker: it ended by itself with exit code {code}: {' '.join(last)}")
            self.not_before = time.monotonic() + RESTART_S
        if since is not None:
            self.slowest_leave_s = max(self.slowest_leave_s, time.monotonic() - since)

    def kill(self, worker: Worker) -> None:
        """SIGKILL, which also ends one that is stopped."""
        worker.process.kill()
        worker.process.wait()

    def terminate(self, worker: Worker) -> None:
        """SIGTERM; `look_after` notes when it is gone."""
        self.leaving[worker.process.pid] = time.monotonic()
        worker.signal(signal.SIGTERM)

    def kill_all(self) -> None:
        """At the end of everything."""
        self.resting = True
        for worker in self.running:
            self.kill(worker)

    def at_work(self) -> list[Worker]:
        """Those that are neither stopped nor leaving nor gone."""
        return [w for w in self.running if not (w.stopped or w.ended() or w.process.pid in self.leaving)]

    def owners(self) -> dict[int, Worker]:
        """Partition -> the running worker that opened it last, or went on with it."""
        opened = [(m[1], int(m[2]), w) for w in self.running for m in OWNS.finditer(w.text())]
        return {partition: worker for _, partition, worker in sorted(opened, key=lambda o: o[0])}

    def rebalances(self) -> int:
        """How often the group has given out its partitions: what its members tell within a second is one."""
        told = sorted(
            3_600 * int(m[1]) + 60 * int(m[2]) + int(m[3]) + int(m[4]) / 1_000
            for log in self.folder.glob("worker-*.log")
            for m in REBALANCED.finditer(log.read_text(errors="replace"))
        )
        return sum(1 for n, at in enumerate(told) if n == 0 or at - told[n - 1] > TAKES_S)
