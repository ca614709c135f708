"""The topics of an app: what they must be like, what differs, and making them so (outputs.md section 2).

All of them have as many partitions as the input, for life: a record goes to the partition of the input record that
caused it. What would lose state or time is refused, never repaired silently: state records may be gone already.
Does not know: what is in the records, how a broker is asked (topic_admin.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from streams.live.errors import Misconfigured

MESSAGE_BYTES = 1_048_588  # Kafka's default: 1 MiB and the head of a batch
ENVELOPE_BYTES = 16 * 1024  # what our headers add to a record that is copied to late or rejected
FOREVER = -1

CLEANUP, RETENTION_MS, RETENTION_BYTES = "cleanup.policy", "retention.ms", "retention.bytes"
MAX_BYTES, TIMESTAMP = "max.message.bytes", "message.timestamp.type"
APPEND_TIME = "LogAppendTime"


@dataclass(frozen=True)
class TopicNames:
    """The topics that belong to an app."""

    app: str

    @property
    def outputs(self) -> tuple[str, ...]:
        """All of them."""
        return (self.transitions, self.members, self.late, self.rejected, self.journal, self.state)

    @property
    def transitions(self) -> str:
        """Every transition."""
        return f"{self.app}.transitions"

    @property
    def members(self) -> str:
        """Where every entity is now."""
        return f"{self.app}.members"

    @property
    def late(self) -> str:
        """Copies of records that came too late to be applied."""
        return f"{self.app}.late"

    @property
    def rejected(self) -> str:
        """Copies of records that could not be read."""
        return f"{self.app}.rejected"

    @property
    def journal(self) -> str:
        """What is not in the input: ticks, changes of the rules, rejections by the clock."""
        return f"{self.app}.journal"

    @property
    def state(self) -> str:
        """The states, and the position that they belong to."""
        return f"{self.app}.state"


@dataclass(frozen=True)
class Found:
    """A topic as it is. configs: all values; own: those set for this topic rather than inherited from the broker."""

    partitions: int
    replication: int
    configs: Mapping[str, str]
    own: Mapping[str, str] = field(default_factory=dict)

    def number(self, name: str) -> int:
        """A config that is a number."""
        return int(self.configs[name])


@dataclass(frozen=True)
class Wanted:
    """A topic as it must be. exact: these values. at_least: these or larger ones; -1 is the largest."""

    name: str
    exact: Mapping[str, str]
    at_least: Mapping[str, int]


@dataclass(frozen=True)
class Create:
    """A topic that is missing."""

    name: str
    partitions: int
    replication: int
    configs: Mapping[str, str]

    def __str__(self) -> str:
        configs = "".join(f", {name}={value}" for name, value in sorted(self.configs.items()))
        return f"{self.name}: create with {self.partitions} partitions, replication {self.replication}{configs}"


@dataclass(frozen=True)
class Alter:
    """Values of a topic that must change. own: those that were set for it before."""

    name: str
    changes: Mapping[str, tuple[str, str]]
    own: Mapping[str, str]

    def __str__(self) -> str:
        told = (f"{name} from {old} to {new}" for name, (old, new) in sorted(self.changes.items()))
        return f"{self.name}: set {', '.join(told)}"


@dataclass(frozen=True)
class Refuse:
    """What nobody but a person may change."""

    name: str
    why: str

    def __str__(self) -> str:
        return f"{self.name}: {self.why}"


Difference = Create | Alter | Refuse


def wanted(names: TopicNames, source: Found) -> tuple[Wanted, ...]:
    """The topics of an app whose input is like this."""
    copies = {MAX_BYTES: source.number(MAX_BYTES) + ENVELOPE_BYTES}
    deletes = "delete" in source.configs[CLEANUP]
    kept = {RETENTION_MS: source.number(RETENTION_MS) if deletes else FOREVER, MAX_BYTES: MESSAGE_BYTES}
    delete, compact = {CLEANUP: "delete"}, {CLEANUP: "compact"}
    return (
        Wanted(names.transitions, delete, {MAX_BYTES: MESSAGE_BYTES}),
        Wanted(names.members, compact, {MAX_BYTES: MESSAGE_BYTES}),
        Wanted(names.late, delete, copies),
        Wanted(names.rejected, delete, copies),
        Wanted(names.journal, {**delete, TIMESTAMP: APPEND_TIME, RETENTION_BYTES: str(FOREVER)}, kept),
        Wanted(names.state, compact, {MAX_BYTES: MESSAGE_BYTES}),
    )


def compare(names: TopicNames, topic: str, found: Mapping[str, Found], replication: int | None) -> list[Difference]:
    """What keeps this app from running on input `topic`. replication: of new topics; None: that of the input.

    Raises `Misconfigured` where there is no input.
    """
    if topic not in found:
        raise Misconfigured(
            f"there is no topic {topic}, which source.topic names. Correct source.topic, or create the topic (it is "
            "yours; the number of its partitions is for life)"
        )
    source = found[topic]
    differences: list[Difference] = []
    for want in wanted(names, source):
        here = found.get(want.name)
        if here is None:
            configs = {**want.exact, **{name: str(value) for name, value in want.at_least.items()}}
            differences.append(Create(want.name, source.partitions, replication or source.replication, configs))
        else:
            differences += differ(names, want, here, topic, source.partitions)
    return differences


def differ(names: TopicNames, want: Wanted, here: Found, topic: str, partitions: int) -> list[Difference]:
    """How an existing topic differs from what it must be like."""
    if here.partitions != partitions:
        return [
            Refuse(
                want.name,
                f"it has {here.partitions} partitions and the input {topic} has {partitions}. The number is fixed for "
                "the life of an app: take a new name for app and let it read the input from the beginning, or delete "
                "this topic if nothing was ever written to it",
            )
        ]
    changes = {name: (here.configs[name], new) for name, new in want.exact.items() if here.configs[name] != new}
    if want.name == names.state and CLEANUP in changes:
        return [
            Refuse(
                want.name,
                f"its cleanup.policy is {here.configs[CLEANUP]} and must be compact alone: states may be gone "
                "already. Take a new name for app, or set cleanup.policy=compact yourself if you know that none was",
            )
        ]
    for name, least in want.at_least.items():
        has = here.number(name)
        if has != FOREVER and (least == FOREVER or has < least):
            changes[name] = (str(has), str(least))
    return [Alter(want.name, changes, here.own)] if changes else []
