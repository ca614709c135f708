"""What `journeys doctor` makes of what it has found: for each thing a finding, and what to do where it is not well.

Each function judges one thing, from values alone. Nothing of an event is repeated: of copies only their reasons.
Does not know: Kafka, how the values were found, how findings are shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from streams.codec.instants import iso
from streams.codec.position import BadPosition, Meta
from streams.live.topics import Difference, Refuse

DAY_MS = 86_400_000
HOST_MS = 5_000  # more than a clock that somebody keeps in order is wrong by

# (key, version) of a request in the protocol, and the release that was the first to know it.
END_TXN, JOIN_GROUP, STATIC_MEMBERS = 26, 11, 5
RELEASES = (((END_TXN, 5), "4.0"), ((JOIN_GROUP, STATIC_MEMBERS), "2.3"))
OLDEST = RELEASES[-1][1]
GIVES_OUT = ("PreparingRebalance", "CompletingRebalance")


class Finding(NamedTuple):
    """about: one word. next: what to do; empty if all is well."""

    about: str
    says: str
    next: str = ""

    @property
    def well(self) -> bool:
        """Whether there is nothing to do."""
        return not self.next


class Place(NamedTuple):
    """How far a partition is. committed: the next offset of the group, or where it will begin. end: of the log."""

    partition: int
    committed: int
    end: int


class Copies(NamedTuple):
    """Records of the late or the rejected topic: those that were looked at, the newest of each partition.

    more: how many there may be beside them (at most: markers of transactions have offsets too). first, last: when.
    """

    topic: str
    reasons: Counter[str]
    more: int
    first_ms: int
    last_ms: int


class Sample(NamedTuple):
    """A journal partition whose broker has told the time. ahead: of this host's clock, ms; 0 if none can be seen."""

    partition: int
    ahead_ms: int


def judge_broker(servers: Sequence[str], brokers: Sequence[Mapping[int, int]]) -> Finding:
    """brokers: of each, the newest version of each request that it knows."""
    known = [release for (key, least), release in RELEASES if all(b.get(key, -1) >= least for b in brokers)]
    where = f"{len(brokers)} broker{'s'[: len(brokers) - 1]} at {', '.join(servers)}"
    if not known:
        return Finding(
            "broker",
            f"{where}, older than Kafka {OLDEST}",
            f"upgrade to Kafka {OLDEST} at least: static membership (kafka.instance_id) is unknown before",
        )
    return Finding("broker", f"{where}, Kafka {known[0]} or newer")


def judge_topics(differences: Sequence[Difference]) -> list[Finding]:
    """One for each difference."""
    if not differences:
        return [Finding("topics", "all are as they must be")]
    by_hand = "a person must decide: see what it says"
    return [
        Finding("topics", str(d), by_hand if isinstance(d, Refuse) else "journeys topics apply") for d in differences
    ]


def judge_clock(samples: Sequence[Sample], margin_ms: int) -> list[Finding]:
    """Brokers among each other, and this host against them."""
    ahead = [sample.ahead_ms for sample in samples]
    apart = max(ahead) - min(ahead)
    found = []
    if apart > margin_ms:
        found.append(
            Finding(
                "clock",
                f"the brokers' clocks are {apart} ms apart, more than clock.margin ({margin_ms} ms)",
                "set the brokers' clocks right (NTP), or raise clock.margin above it; until then a deadline may run "
                "before an event that came in time",
            )
        )
    worst = max(ahead, key=abs)
    if abs(worst) > HOST_MS:
        found.append(
            Finding(
                "clock",
                f"the clock of this host is {abs(worst)} ms {'behind' if worst > 0 else 'ahead of'} the brokers'",
                "set it right (NTP): workers do not use it, but their logs and whoever reads them do",
            )
        )
    return found or [Finding("clock", f"brokers and this host agree to {max(map(abs, ahead))} ms")]


def judge_states(metas: Mapping[int, Meta | BadPosition | None], fingerprint: str | None) -> list[Finding]:
    """metas: of each partition, what its state says about itself. fingerprint: of the journeys, None if none are given.

    One finding for what differs, and one for entities that are frozen.
    """
    unreadable = [meta for meta in metas.values() if isinstance(meta, BadPosition)]
    if unreadable:
        return [Finding("state", str(unreadable[0]), "a person must decide: see what it says")]
    held = {partition: meta for partition, meta in metas.items() if isinstance(meta, Meta)}
    return [_judge_fingerprints(held, fingerprint), *_judge_frozen(held)]


def _judge_fingerprints(metas: Mapping[int, Meta], fingerprint: str | None) -> Finding:
    if not metas:
        return Finding("state", "nothing is stored yet")
    if fingerprint is None:
        return Finding("state", f"of {len(metas)} partitions; name --journey files to have them compared with it")
    others = [str(partition) for partition, meta in metas.items() if meta.fingerprint != fingerprint]
    if not others:
        return Finding("state", f"of {len(metas)} partitions, made by these journeys")
    return Finding(
        "state",
        f"of partitions {', '.join(others)}: made by other journeys or limits, a worker will refuse it",
        "run the old journey files, or take a new name for app and let the new ones read the input from its beginning",
    )


def _judge_frozen(metas: Mapping[int, Meta]) -> list[Finding]:
    count = sum(meta.position.frozen for meta in metas.values())
    named = [name for meta in metas.values() for name in meta.position.frozen_entities]
    if not count:
        return [Finding("frozen", "nobody")]
    more = f" and {count - len(named)} more" if count > len(named) else ""
    return [
        Finding(
            "frozen",
            f"{', '.join(named)}{more}: a due step has raised, and nothing has been applied to them since",
            "that is our fault: please report it with the line of the log that names them. A version in which it is "
            "mended goes on with them; their events since are in the rejected topic, as engine_error",
        )
    ]


def judge_group(group: str, state: str, members: int) -> Finding:
    """state: as the coordinator calls it."""
    says = f"{group}: {state}, {members} workers"
    if state in GIVES_OUT:
        return Finding("group", says, "partitions are being given out: ask again in a moment")
    return Finding("group", says, "" if members else "no worker runs: start one, as in `journeys worker`")


def judge_lag(before: Sequence[Place], after: Sequence[Place], *, working: bool) -> list[Finding]:
    """Two looks, a moment apart. working: whether there is a worker at all, which `judge_group` tells."""
    stuck = [
        Finding(
            "lag",
            f"partition {now.partition} stands at {now.committed}, {now.end - now.committed} records before its end",
            "ask /readyz of the workers, which says why a partition is not open, and look at their logs for it",
        )
        for was, now in zip(before, after, strict=True)
        if working and now.committed < was.end and now.committed == was.committed
    ]
    if stuck:
        return stuck
    behind = {place.partition: place.end - place.committed for place in after if place.end > place.committed}
    told = ", ".join(f"{partition}: {lag}" for partition, lag in behind.items())
    return [Finding("lag", f"records to be read, by partition: {told}" if told else "everything is read")]


def judge_copies(copies: Copies, now_ms: int) -> Finding:
    """Those of the last day, and those that the engine failed at, are somebody's business."""
    if not copies.reasons:
        return Finding(copies.topic, "none")
    told = ", ".join(f"{reason} {n}" for reason, n in sorted(copies.reasons.items()))
    more = f", and up to {copies.more} older ones" if copies.more else ""
    says = f"{told}{more}; from {iso(copies.first_ms)} to {iso(copies.last_ms)}"
    if copies.reasons["engine_error"]:
        return Finding(copies.topic, says, "engine_error is our fault: please report it; the records are in the topic")
    if now_ms - copies.last_ms > DAY_MS:
        return Finding(copies.topic, says)
    if copies.reasons["late"]:
        return Finding(copies.topic, says, "give the journeys more time.allowed_lateness, or mend the delivery")
    return Finding(copies.topic, says, "tell the producer; the records are in the topic as they came, with the reason")


def well(findings: Iterable[Finding]) -> bool:
    """Whether there is nothing to do at all."""
    return all(finding.well for finding in findings)
