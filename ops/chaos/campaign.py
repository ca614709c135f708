"""Workers under fire: a cluster, an input in real time, workers as processes, a nemesis, and a check of every record.

Examples:
  ops/chaos/run --minutes 5 --seed 1 --nemesis kill,broker    both at random, five minutes
  ops/chaos/run --nemesis owed                                each alone that has not run five minutes yet
  ops/chaos/run --wrong all                                   wrong workers, each of which must be found out
  ops/chaos/run --report                                      what has run so far, and what is owed
Each run appends a line to ops/chaos/results.jsonl. Exit code 1 if something is wrong.

"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import results
import uvloop
from cluster import LIB, Cluster
from fleet import Fleet
from nemeses import NEMESES, Nemesis
from proxy import Proxy
from world import World, make_app
from wrong import WRONG

WRONG_MINUTES = 0.6
WRONG_TRIES = 3
BREATHE = 4  # strikes


@dataclass(frozen=True)
class Plan:
    """One run."""

    names: tuple[str, ...]
    minutes: float
    seed: int
    rate: float
    wrong: str = ""

    @property
    def nemeses(self) -> list[Nemesis]:
        """What strikes."""
        return [NEMESES[name] for name in self.names]


def say(text: str) -> None:
    """Progress, to standard error."""
    print(f"[{datetime.now(UTC):%H:%M:%S}] {text}", file=sys.stderr, flush=True)


async def run(plan: Plan, folder: Path) -> dict[str, Any]:
    """Make the world, let the nemeses strike, and check; returns the line of the results."""
    cluster = Cluster(folder, max(n.nodes for n in plan.nemeses))
    proxied = any(n.proxied for n in plan.nemeses)
    rng = random.Random(plan.seed)  # noqa: S311  # no secret
    app = make_app(cluster, folder, "chaos1", proxied=proxied)
    fleet = Fleet(app.journey, app.environment, folder, say, plan.wrong, static=any(n.static for n in plan.nemeses))
    try:
        await cluster.start()
        async with contextlib.AsyncExitStack() as stack:
            proxies = [await stack.enter_async_context(Proxy(node, rng)) for node in cluster.nodes if proxied]
            world = World(cluster, proxies, rng, folder, say, app, fleet, plan.rate)
            if plan.wrong and WRONG[plan.wrong].point:
                world.stills = (WRONG[plan.wrong].point,)
                world.points = itertools.repeat(WRONG[plan.wrong].point)
            await world.begin()
            begun = time.monotonic()
            await strike(world, plan)
            minutes = (time.monotonic() - begun) / 60
            await world.end()
    finally:
        fleet.kill_all()
        cluster.kill()
    return line(plan, world, minutes)


async def strike(world: World, plan: Plan) -> None:
    """One nemesis after the other, chosen at random, until the time is over or a wrong worker is caught."""
    await world.all_open()
    end = time.monotonic() + 60 * plan.minutes
    while time.monotonic() < end and not world.caught:
        name = world.rng.choice(plan.names)
        world.strikes += 1
        world.notes[f"strikes of {name}"] += 1
        if world.strikes % BREATHE == 0:  # or on a busy machine workers would do nothing but start
            await world.all_open()
        await NEMESES[name].strike(world)
        say(f"{name}: {world.producer.written:,} events, {fleet_text(world.fleet)}")


def fleet_text(fleet: Fleet) -> str:
    """How the workers are."""
    return f"{len(fleet.at_work())} workers at work, {fleet.started} started, {fleet.kills} killed"


def line(plan: Plan, world: World, minutes: float) -> dict[str, Any]:
    """What is kept of a run."""
    found, findings = world.found, [*world.findings, *world.fleet.findings, *world.found.findings]
    return {
        "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "nemeses": list(plan.names),
        "wrong": plan.wrong,
        "seed": plan.seed,
        "minutes": round(minutes, 2),
        "events": found.counts.total(),
        "rows": found.rows,
        "missing": found.missing,
        "extra": found.extra,
        "doubled": found.doubled,
        "kills": world.fleet.kills,
        "rebalances": world.fleet.rebalances(),
        "verdict": "findings" if findings else "ok",
        "findings": findings[:20],
        "counts": dict(found.counts),
        "exit_codes": dict(world.fleet.ends),
        "slowest_leave_s": round(world.fleet.slowest_leave_s, 2),
        "failover_s": world.failovers,
        "notes": dict(world.notes),
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Of what was tested, and with what."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S607
    kafka = next(LIB.glob("kafka_*.jar")).stem.rpartition("-")[2]
    here = {name: version(name) for name in ("journeys", "aiokafka", "faust-streaming")}
    return here | {"kafka": kafka, "python": sys.version.split()[0], "commit": commit.stdout.strip()}


def perform(plan: Plan, *, keep: bool) -> dict[str, Any]:
    """One run in a folder of its own, which stays if something was found. Prints a line, and keeps it."""
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    say(f"{'+'.join(plan.names)} for {plan.minutes:.1f} min, seed {plan.seed} {plan.wrong}({folder})")
    result = asyncio.run(run(plan, folder), debug=False)
    if keep:
        results.append(result)
    print(
        f"{'+'.join(plan.names)} {plan.wrong} seed {plan.seed}: {result['events']:,} events, {result['rows']:,} rows, "
        f"{result['kills']} kills, {result['rebalances']} rebalances: {result['missing']} missing, "
        f"{result['extra']} extra, {result['doubled']} doubled: {result['verdict']}",
        *result["findings"],
        *([f"failovers: {result['failover_s']} s"] if result["failover_s"] else []),
        sep="\n  ",
        flush=True,
    )
    if plan.wrong or not result["findings"]:
        shutil.rmtree(folder)
    return result


def catch(name: str, options: argparse.Namespace) -> bool:
    """Whether a wrong worker is found out, within a few tries."""
    for n in range(WRONG_TRIES):
        plan = Plan((WRONG[name].nemesis,), options.minutes or WRONG_MINUTES, options.seed + n, options.rate, name)
        if perform(plan, keep=not options.forget)["findings"]:
            return True
    return False


def chosen(options: argparse.Namespace) -> list[Plan]:
    """The runs that are asked for."""
    seed, rate = options.seed, options.rate
    if options.nemesis == "owed":
        owed = {name: minutes for name, minutes in results.owed(NEMESES).items() if minutes > 0}
        return [Plan((name,), min(minutes, options.minutes or minutes), seed, rate) for name, minutes in owed.items()]
    names = tuple(NEMESES) if options.nemesis == "all" else tuple(options.nemesis.split(","))
    return [Plan(names, options.minutes or 1.0, seed, rate)]


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, help="of each run (1; of `owed`: what is owed)")
    parser.add_argument("--seed", type=int, default=1, help="of everything that is random (%(default)s)")
    parser.add_argument(
        "--nemesis", default="kill", help=f"names with commas, `all` or `owed` (%(default)s): {', '.join(NEMESES)}"
    )
    parser.add_argument("--rate", type=float, default=600, help="events a second (%(default)s)")
    parser.add_argument("--wrong", metavar="NAME", help=f"names with commas, or `all`: {', '.join(WRONG)}")
    parser.add_argument("--report", action="store_true", help="print what has run, and run nothing")
    parser.add_argument("--forget", action="store_true", help="do not append to results.jsonl")
    options = parser.parse_args(arguments)
    unknown = set() if options.nemesis in ("all", "owed") else set(options.nemesis.split(",")) - NEMESES.keys()
    unknown |= set() if options.wrong in (None, "all") else set(options.wrong.split(",")) - WRONG.keys()
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    return options


def main() -> None:
    """Run what is asked for."""
    options = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to end"))  # so that workers and brokers end, too
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    if options.report:
        print(results.report(NEMESES))
        return
    if options.wrong:
        names = list(WRONG) if options.wrong == "all" else options.wrong.split(",")
        missed = [name for name in names if not catch(name, options)]
        print(f"{len(names) - len(missed)} of {len(names)} wrong workers caught", *missed, sep="\n  not: ")
        raise SystemExit(bool(missed))
    good = [perform(plan, keep=not options.forget)["verdict"] == "ok" for plan in chosen(options)]
    raise SystemExit(not all(good))


if __name__ == "__main__":
    main()
