"""What a process has cost so far, by the kernel's account; Linux only."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

TICKS = os.sysconf("SC_CLK_TCK")
USER, SYSTEM = 11, 12  # of /proc/PID/stat, counted from behind the name (proc_pid_stat(5))
PAGE = os.sysconf("SC_PAGE_SIZE")


class Usage(NamedTuple):
    """cpu_s: of all threads since the process began. peak_mb: the most that was resident, shared pages included."""

    cpu_s: float
    peak_mb: float


def usage(pids: Iterable[int]) -> Usage:
    """Of all of them together; those of children that they started do not count."""
    cpu, peak = 0, 0
    for pid in pids:
        numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        cpu += int(numbers[USER]) + int(numbers[SYSTEM])
        peak += int(Path(f"/proc/{pid}/status").read_text().split("VmHWM:")[1].split()[0])
    return Usage(cpu / TICKS, peak / 1_024)


def resident(pid: int) -> int:
    """Bytes that the process holds now."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
