"""The reference job on Quix Streams: exactly-once, states in RocksDB with a changelog, one process.

Usage: reference_job.py BOOTSTRAP GROUP INPUT OUTPUT; states land in the working directory.

Quix has no timers, and its states are those of the key that is being processed. So that time can change others, all
users of a partition share one key; their timers are a heap in memory. After a crash the heap would be gone, and with it
the deadlines of whoever never came back: this peer does less than the others, and is the faster for it.
"""

from __future__ import annotations

import heapq
import os
import sys
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from quixstreams import Application, State, message_context
from quixstreams.models import Deserializer, SerializationContext

DAY = 86_400_000
IDLE, TIMES_UP = 0, 1
SIGNED_UP, SEEN, PAID, REPORTS, ACTIVATED, IS_IDLE, LATE_PAYER = range(7)  # a user; instants in ms or None

User = list[Any]
Row = dict[str, Any]


class OneKey(Deserializer):
    """The same key for all users: what they share is a partition."""

    def __call__(self, value: bytes, ctx: SerializationContext) -> str:  # noqa: ARG002  # Quix's
        """Whatever the bytes are."""
        return "users"


class Journey:
    """What an event changes, and what time alone does. One heap of (deadline, rule, user) per partition.

    A user who is not idle has one timer of that rule: when it comes too early, because the user has been seen since,
    it moves on.
    """

    def __init__(self) -> None:
        self._timers: defaultdict[int, list[tuple[int, int, str]]] = defaultdict(list)

    def __call__(self, event: dict[str, Any], _key: str, timestamp: int, _headers: Any, state: State) -> list[Row]:
        """The rows of everything that is due before the event, and of the event."""
        rows: list[Row] = []
        timers = self._timers[message_context().partition]
        while timers and timers[0][0] < timestamp:
            self._fire(rows, timers, state, timestamp - 1)
        self._apply(rows, timers, state, event, timestamp)
        return rows

    def _fire(self, rows: list[Row], timers: list[tuple[int, int, str]], state: State, clock: int) -> None:
        due, rule, name = heapq.heappop(timers)
        user: User = state.get(name)
        if rule == TIMES_UP:
            if user[PAID] is None or user[PAID] == due:
                user[LATE_PAYER] = True
                rows.append(row(name, "dropped_off", "times_up", due))
                if user[PAID] == due:
                    rows.append(row(name, "recovered", "times_up", due))
        elif user[SEEN] + 7 * DAY > clock:
            heapq.heappush(timers, (user[SEEN] + 7 * DAY, IDLE, name))
            return
        else:
            user[IS_IDLE] = True
            rows.append(row(name, "dropped_off", "idle", user[SEEN] + 7 * DAY))
        state.set(name, user)

    def _apply(
        self, rows: list[Row], timers: list[tuple[int, int, str]], state: State, event: dict[str, Any], at: int
    ) -> None:
        name, kind = event["user_id"], event["type"]
        user: User | None = state.get(name)
        if user is None:
            user = [None, at, None, [], False, False, False]
            heapq.heappush(timers, (at + 7 * DAY, IDLE, name))
        if user[IS_IDLE]:
            user[IS_IDLE] = False
            rows.append(row(name, "recovered", "idle", at))
            heapq.heappush(timers, (at + 7 * DAY, IDLE, name))
        elif user[SEEN] + 7 * DAY == at:
            rows += [row(name, "dropped_off", "idle", at), row(name, "recovered", "idle", at)]
        user[SEEN] = at
        if kind == "signed_up" and user[SIGNED_UP] is None:
            user[SIGNED_UP] = at
            rows.append(row(name, "achieved", "hello", at))
            heapq.heappush(timers, (at + 14 * DAY, TIMES_UP, name))
        elif kind == "report_created" and not user[ACTIVATED]:
            user[REPORTS] = [*(x for x in user[REPORTS] if x > at - 7 * DAY), at]
            if len(user[REPORTS]) >= 3:  # noqa: PLR2004  # the rule
                user[ACTIVATED], user[REPORTS] = True, []
                rows.append(row(name, "achieved", "activated", at))
        elif kind == "invoice_paid" and user[PAID] is None:
            user[PAID] = at
            rows.append(row(name, "achieved", "just_got_paid", at))
            if user[LATE_PAYER]:
                rows.append(row(name, "recovered", "times_up", at))
        state.set(name, user)


def row(name: str, kind: str, rule: str, at: int) -> Row:
    """at: ms since the epoch."""
    when = datetime.fromtimestamp(at / 1_000, UTC).isoformat(timespec="milliseconds")
    return {"entity_id": name, "kind": kind, "rule": rule, "effective_at": when}


def main() -> None:
    """Run until stopped."""
    bootstrap, group, source, target = sys.argv[1:]
    app = Application(
        broker_address=bootstrap,
        consumer_group=group,
        processing_guarantee="exactly-once",
        auto_offset_reset="earliest",
        commit_interval=1.0,
        state_dir=f"state-{os.getpid()}",
        loglevel="WARNING",
    )
    events = app.dataframe(app.topic(source, key_deserializer=OneKey()))
    rows = events.apply(Journey(), stateful=True, metadata=True, expand=True)
    rows.to_topic(app.topic(target, key_serializer="str"), key=lambda value: value["entity_id"])
    app.run()


if __name__ == "__main__":
    main()
