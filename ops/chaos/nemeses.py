"""Nemeses: what is done to workers, brokers and the network. Each strikes again and again until the run is over.

A nemesis is a function that strikes once and leaves the world such that it can heal by itself; how often is up to the
run. What a strike itself finds wrong (a worker that does not leave, one that starts where it must refuse) it notes.
Does not know: what must come out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cluster_nemeses import broker, compaction, coordinator, halfopen, lost, slow, toolarge
from log_nemeses import expired, recreate, rewound
from worker_nemeses import churn, clock, failover, failpoint, kill, opentx, sigterm, static, takeover, zombie
from world import World

Strike = Callable[[World], Awaitable[None]]


@dataclass(frozen=True)
class Nemesis:
    """strike, and what the run must have for it: so many nodes, proxies, workers with an `instance_id`."""

    strike: Strike
    nodes: int = 1
    proxied: bool = False
    static: bool = False


NEMESES: dict[str, Nemesis] = {
    "kill": Nemesis(kill),
    "failpoint": Nemesis(failpoint),
    "sigterm": Nemesis(sigterm),
    "zombie": Nemesis(zombie),
    "takeover": Nemesis(takeover),
    "churn": Nemesis(churn),
    "broker": Nemesis(broker),
    "replicas": Nemesis(broker, nodes=3),
    "coordinator": Nemesis(coordinator, nodes=3),
    "slow": Nemesis(slow, proxied=True),
    "halfopen": Nemesis(halfopen, proxied=True),
    "lost": Nemesis(lost, proxied=True),
    "clock": Nemesis(clock),
    "opentx": Nemesis(opentx),
    "compaction": Nemesis(compaction),
    "recreate": Nemesis(recreate),
    "rewound": Nemesis(rewound),
    "expired": Nemesis(expired),
    "toolarge": Nemesis(toolarge),
    "failover": Nemesis(failover),
    "static": Nemesis(static, static=True),
}
