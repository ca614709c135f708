"""The metrics of a worker with their labels (outputs.md section 4), and which of them a query uses."""

import re
from collections.abc import Iterator

RULE = frozenset({"journey", "rule"})
NONE: frozenset[str] = frozenset()
COUNTERS = {
    "journey_transitions": RULE | {"kind"},
    "journey_dropoff_instances": RULE | {"outcome"},
    "journey_retractions": RULE,
    "journey_revisions": RULE,
    "journey_events": frozenset({"topic", "result"}),
    "journey_rejected": frozenset({"reason"}),
    "journey_rebalances": NONE,
}
GAUGES = {
    "journey_dropoffs_pending": RULE,
    "journey_members": RULE,
    "journey_milestone_reached": frozenset({"journey", "milestone"}),
    "journey_population": frozenset({"journey"}),
    "journey_lag_records": frozenset({"partition"}),
    "journey_clock_timestamp_seconds": frozenset({"partition"}),
    "journey_timers_pending": NONE,
    "journey_restoring_entities": NONE,
    "journey_partitions_owned": NONE,
    "journey_entities": NONE,
    "journey_entities_frozen": NONE,
}
HISTOGRAMS = {
    "journey_step_duration_seconds": frozenset({"journey", "milestone"}),
    "journey_event_delay_seconds": NONE,
    "journey_batch_seconds": NONE,
    "journey_commit_seconds": NONE,
    "journey_timer_delay_seconds": NONE,
    "journey_restore_seconds": NONE,
}
INFOS = {
    "journey_definition": frozenset({"journey", "version", "hash"}),
    "journey_build": frozenset({"version"}),
}
FAMILIES = {**COUNTERS, **GAUGES, **HISTOGRAMS, **INFOS}
SERIES = {
    **{f"{name}_total": labels for name, labels in COUNTERS.items()},
    **GAUGES,
    **{f"{name}_bucket": labels | {"le"} for name, labels in HISTOGRAMS.items()},
    **{f"{name}_info": labels for name, labels in INFOS.items()},
    "up": NONE,
}
SCRAPED = {"job", "instance"}  # what Prometheus adds to every series
VALUES = {
    "kind": {"achieved", "entered", "exited", "dropped_off", "recovered", "withdrawn"},
    "outcome": {"armed", "met", "dropped", "cancelled", "followed"},
    "result": {"applied", "irrelevant", "duplicate", "late", "rejected"},
}


def faults(query: str) -> Iterator[str]:
    """What a query names and no worker has: metrics, labels of a metric, values of a closed set."""
    used: set[str] = set()
    plain = re.sub(r'"[^"]*"', '""', query)
    for name in re.findall(r"\b(?:journey_\w+|up)\b", plain):
        if name not in SERIES:
            yield f"no metric {name}"
        used |= SERIES.get(name, NONE)
    for name, matchers in re.findall(r"\b(journey_\w+|up)\{([^}]*)\}", query):
        for label, value in re.findall(r'(\w+)\s*[=!]~?\s*"([^"]*)"', matchers):
            if label not in SERIES.get(name, NONE) | SCRAPED:
                yield f"{name} has no label {label}"
            if label in VALUES and not set(value.split("|")) <= VALUES[label]:
                yield f"{label} is never {value}"
    for labels in re.findall(r"\b(?:by|on|without)\s*\(([^)]*)\)", plain):
        for label in filter(None, map(str.strip, labels.split(","))):
            if label not in used | SCRAPED:
                yield f"nothing has a label {label}"
