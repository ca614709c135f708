"""Asks the laws of many random worlds, and goes on where it was stopped.

Example: python -m tests.laws.run --journeys 100000 --minutes 60
         (again, after it was stopped or its time was up: the same command)

Every world is asked for law 1, and for one of the others in turn; stretches of worlds are run by the native and by the
plain engine in turn. What has been asked stands in a file, stretch by
stretch, with a fingerprint of the sources that were asked: the engine, the language, the laws. Stretches of other
sources do not count. Ends with a summary, and with the first finding of each law, made smaller, as a case file.
Exit code 0: all asked, and nothing found; 1: a finding; 3: the time was up, or it was stopped.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, process_time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from streams.core.engines import Engine
from tests.laws import system
from tests.laws.diary import Diary, Finding, Stretch, summary
from tests.laws.laws import LAWS, broken, rows_of, still_broken, world_for
from tests.laws.shrink import case_of, shrink
from tests.laws.world import Seed, World, make

OTHERS = [name for name in LAWS if name != "order_free"]
BLOCK = 25
ENGINES: tuple[Engine, ...] = ("auto", "python")  # native where it is built, and its readable twin
ROWS_OF_EVERY = 5  # worlds: counting the kinds of rows takes a run of its own
DIARY = Path(__file__).parents[2] / ".laws" / "diary.jsonl"
STOPPED = 3


def worlds(seed: Seed) -> Iterator[tuple[str, World]]:
    """Which law is asked in which world; the same for the same seed."""
    yield "order_free", world_for("order_free", seed)
    name = OTHERS[seed.number % len(OTHERS)]
    yield name, world_for(name, seed)


def ask(numbers: range) -> Stretch:
    """A stretch of seeds, of one of the engines; they take turns."""
    system.ENGINE = ENGINES[numbers.start // BLOCK % len(ENGINES)]
    asked, kinds, findings, began = Counter[str](), Counter[str](), list[Finding](), process_time()
    journeys = 0
    for number in numbers:
        seed = make(number)
        journeys += len(seed.journeys)
        for name, world in worlds(seed):
            asked[name] += 1
            how = broken(LAWS[name], world)
            if how:
                findings.append(Finding(number, name, how))
            elif name == "order_free" and number % ROWS_OF_EVERY == 0:
                kinds.update(net.row.kind for net in rows_of(world))
    took = round(process_time() - began, 3)
    return Stretch(numbers.start, numbers.stop, took, journeys, asked, kinds, findings)


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


def work(diary: Diary, left: list[range], processes: int, seconds: float) -> None:
    """Asks what is left, until it is done, the time is up, or somebody presses Ctrl-C."""
    total = diary.worlds + sum(map(len, left))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    until = monotonic() + seconds
    with (
        Progress(*columns, console=Console(stderr=True)) as progress,
        multiprocessing.Pool(processes, signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool,
    ):
        task = progress.add_task("worlds", total=total, completed=diary.worlds)
        try:
            for done in pool.imap_unordered(ask, left):
                diary.add(done)
                progress.update(task, completed=diary.worlds, description=f"worlds, {len(diary.findings)} findings")
                if monotonic() > until:
                    return
        except KeyboardInterrupt:
            return


def main() -> int:
    """Asks, and tells."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--journeys", type=int, default=1_000, help="how many random worlds, of a journey or two")
    parser.add_argument("--seed", type=int, default=0, help="the number of the first one")
    parser.add_argument("--minutes", type=float, default=60, help="stop after so long; the same command goes on")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--shrink", type=float, default=60, help="seconds for making a finding smaller")
    parser.add_argument("--diary", type=Path, default=DIARY, help="where it stands what has been asked")
    given = parser.parse_args()
    last = given.seed + given.journeys
    stretches = [range(start, min(start + BLOCK, last)) for start in range(given.seed, last, BLOCK)]
    diary = Diary.read(given.diary, stretches)
    began, before = monotonic(), diary.worlds
    left = [numbers for numbers in stretches if numbers not in diary.done]
    work(diary, left, given.processes, 60 * given.minutes)
    say(summary(diary, given.seed, given.journeys))
    say(f"this time: {diary.worlds - before:,} worlds in {monotonic() - began:.0f} s")
    for name in LAWS:
        own = sorted(finding for finding in diary.findings if finding.law == name)
        if own:
            say(f"\n{name}: {len(own)}, seeds {', '.join(str(finding.seed) for finding in own[:20])}\n")
            say(smallest(own[0], given.shrink))
    if diary.findings:
        return 1
    if diary.worlds < given.journeys:
        say("not all of them: the same command goes on")
        return STOPPED
    return 0


if __name__ == "__main__":
    sys.exit(main())
