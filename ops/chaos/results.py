"""What runs have found, one JSON object a line in results.jsonl, and what is still owed.

Does not know: how a run is made.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("results.jsonl")
OWED_MINUTES = 5.0
Result = dict[str, Any]


def append(result: Mapping[str, Any]) -> None:
    """Keep it."""
    with FILE.open("a") as file:
        file.write(json.dumps(result) + "\n")


def load() -> list[Result]:
    """All that are kept."""
    return [json.loads(line) for line in FILE.read_text().splitlines()] if FILE.exists() else []


def owed(names: Iterable[str]) -> dict[str, float]:
    """Nemesis -> minutes that it has not run alone yet, without a finding, of those that every one is owed."""
    ran: defaultdict[str, float] = defaultdict(float)
    for result in load():
        if len(result["nemeses"]) == 1 and result["verdict"] == "ok" and not result["wrong"]:
            ran[result["nemeses"][0]] += result["minutes"]
    return {name: max(0.0, OWED_MINUTES - ran[name]) for name in names}


def report(names: Iterable[str]) -> str:
    """A table for people: what each nemesis has run alone, and all of them together."""
    names, right = list(names), [r for r in load() if not r["wrong"]]
    lines = ["nemesis        minutes alone    owed  events     kills  rebalances  findings"]
    for name in names:
        alone = [r for r in right if r["nemeses"] == [name]]
        lines.append(row(name, alone, f"{owed(names)[name]:7.1f}"))
    lines += [row("all runs", right, "      -"), "", wrong_workers()]
    times = sorted(t for r in right for t in r["failover_s"])
    if times:
        lines.append(f"failovers: {len(times)}, median {times[len(times) // 2]:.1f} s, longest {times[-1]:.1f} s")
    return "\n".join(lines)


def row(name: str, results: list[Result], owed_text: str) -> str:
    """One line of the table."""
    total = {key: sum(r[key] for r in results) for key in ("minutes", "events", "kills", "rebalances")}
    findings = sum(len(r["findings"]) for r in results)
    return (
        f"{name:15}{total['minutes']:13.1f} {owed_text} {total['events']:8,}  {total['kills']:8} "
        f"{total['rebalances']:11} {findings:9}"
    )


def wrong_workers() -> str:
    """Which nemesis has caught which wrong worker."""
    newest = {r["wrong"]: r for r in load() if r["wrong"]}
    lines = ["wrong worker                                 caught by        first finding"]
    for name, result in newest.items():
        caught = ", ".join(result["nemeses"]) if result["findings"] else "NOT CAUGHT"
        lines.append(f"{name:45}{caught:17}{(result['findings'] or [''])[0][:110]}")
    return "\n".join(lines)
