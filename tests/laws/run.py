"""Asks the laws of many random worlds: python -m tests.laws.run --journeys 100000 --seed 1.

Every world is asked for law 1, and for one of the others in turn. Ends with a summary, and with the first finding of
each law, made smaller, as a case file. Exit code 1 if there is a finding.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Iterator
from time import monotonic
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tests.laws.laws import LAWS, broken, rows_of, still_broken, world_for
from tests.laws.shrink import case_of, shrink
from tests.laws.world import Seed, World, make

OTHERS = [name for name in LAWS if name != "order_free"]
BLOCK = 25


class Finding(NamedTuple):
    """A law that does not hold in the world of a seed."""

    seed: int
    law: str
    how: str


class Asked(NamedTuple):
    """What was asked of a block of seeds. rows: how many stood in the worlds of law 1."""

    numbers: int
    asked: Counter[str]
    kinds: Counter[str]
    findings: list[Finding]


def worlds(seed: Seed) -> Iterator[tuple[str, World]]:
    """Which law is asked in which world; the same for the same seed."""
    yield "order_free", world_for("order_free", seed)
    name = OTHERS[seed.number % len(OTHERS)]
    yield name, world_for(name, seed)


def ask(numbers: range) -> Asked:
    """A block of seeds."""
    asked, kinds, findings = Counter[str](), Counter[str](), list[Finding]()
    for number in numbers:
        for name, world in worlds(make(number)):
            asked[name] += 1
            how = broken(LAWS[name], world)
            if how:
                findings.append(Finding(number, name, how))
            elif name == "order_free":
                kinds.update(net.row.kind for net in rows_of(world))
    return Asked(len(numbers), asked, kinds, findings)


def smallest(finding: Finding, seconds: float) -> str:
    """The finding as a case file."""
    world = dict(worlds(make(finding.seed)))[finding.law]
    law = LAWS[finding.law]
    small = shrink(world, still_broken(law), seconds)
    how = broken(law, small).replace("\n", "\n# ")
    return f"# {finding.law}: {how}\n{case_of(small, f'seed{finding.seed}')}"


def say(text: str) -> None:
    """To whoever asked."""
    sys.stdout.write(f"{text}\n")


def main() -> int:
    """Asks, and tells."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--journeys", type=int, default=1_000, help="how many random worlds")
    parser.add_argument("--seed", type=int, default=0, help="the number of the first one")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--shrink", type=float, default=60, help="seconds for making a finding smaller")
    given = parser.parse_args()
    last = given.seed + given.journeys
    blocks = [range(start, min(start + BLOCK, last)) for start in range(given.seed, last, BLOCK)]
    asked, kinds, findings, began = Counter[str](), Counter[str](), list[Finding](), monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        Progress(*columns, console=Console(stderr=True)) as progress,
        multiprocessing.Pool(given.processes) as pool,
    ):
        task = progress.add_task("worlds", total=given.journeys)
        for done in pool.imap_unordered(ask, blocks):
            asked.update(done.asked)
            kinds.update(done.kinds)
            findings += done.findings
            progress.update(task, advance=done.numbers, description=f"worlds, {len(findings)} findings")
    say(f"{given.journeys} worlds from seed {given.seed} in {monotonic() - began:.0f} s")
    say("asked: " + ", ".join(f"{name} {number}" for name, number in sorted(asked.items())))
    say("rows: " + ", ".join(f"{name} {number}" for name, number in sorted(kinds.items())))
    say(f"findings: {len(findings)}")
    for name in LAWS:
        own = sorted(finding for finding in findings if finding.law == name)
        if own:
            say(f"\n{name}: {len(own)}, seeds {', '.join(str(finding.seed) for finding in own[:20])}\n")
            say(smallest(own[0], given.shrink))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
