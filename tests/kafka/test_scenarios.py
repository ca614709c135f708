"""The acceptance scenarios through a live worker on a real broker: each case in a partition of its own.

Ticks are off. A `tick T` of a case is played as a record of another user that no rule names and that arrives at
T + 1 ms, which moves the clock to T.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest

from streams.language.cases import Case, FeedLine, read_cases
from streams.replay.cases import judge, record
from streams.replay.runner import OfflineRecord
from tests.kafka.live import App

FOLDER = Path(__file__).parents[1] / "scenarios"
Group = tuple[Path, str]  # journey file, its `time` as the cases want it


def groups() -> dict[Group, list[Case]]:
    """Cases that one worker can run: of the same journey with the same time."""
    found: defaultdict[Group, list[Case]] = defaultdict(list)
    for path in sorted(FOLDER.glob("*.yaml")):
        if path.name not in {"b2b-trial.yaml", "help-desk.yaml"}:
            file = read_cases(path)
            for case in file.cases:
                found[file.journey, json.dumps(case.time)].append(case)
    return found


GROUPS = groups()


def journey_text(group: Group) -> str:
    """The file with this `time`; JSON is YAML."""
    path, time = group
    lines = path.read_text().splitlines()
    changed = json.loads(time)
    return "\n".join(f"time: {time}" if changed and line.startswith("time:") else line for line in lines)


def played(offset: int, line: FeedLine) -> OfflineRecord:
    """A line of a feed as a record."""
    if line.event is not None:
        return record(offset, line)
    value = {"id": f"tick{offset}", "type": "tick", "user_id": "somebody"}
    return OfflineRecord(offset, line.at + 1, b"somebody", json.dumps(value).encode())


@pytest.mark.parametrize("group", GROUPS, ids=lambda g: f"{g[0].stem} {g[1]}")
async def test_a_live_worker_gives_the_rows_of_every_table(group: Group, broker: str, tmp_path: Path) -> None:
    """Read by a consumer with read_committed."""
    cases = GROUPS[group]
    name = f"scenarios-{sorted(map(str, GROUPS)).index(str(group))}"
    async with App(broker, name, tmp_path, partitions=len(cases), journey=journey_text(group)) as app:
        for partition, case in enumerate(cases):
            for offset, line in enumerate(case.feed):
                r = played(offset, line)
                await app.producer.send(app.input, r.value, r.key, partition=partition, timestamp_ms=r.timestamp)
        await app.producer.flush()
        app.start()
        await app.caught_up(60)
        published = await app.published()

    differences = {case.name: judge(case, records) for case, records in zip(cases, published, strict=True)}
    assert {name: d for name, d in differences.items() if any(d)} == {}
