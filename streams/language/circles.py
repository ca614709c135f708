"""Which rule looks at which, and whether that runs in a circle. language.md section 3: a group is one node.

Decides: what the nodes are, and which circles are reported: the shortest through the first rule of the file that is in
one, then of the rules that stand in none of those, and so on.
Does not know: what a reference means, files.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from streams.language.conditions import Reference


class Graph:
    """Rules by what they are called in a message: `milestone activated`, `group stage`."""

    def __init__(self) -> None:
        self._node_of: dict[tuple[str, str], str] = {}
        self._looks_at: dict[str, list[Reference]] = {}

    def add(self, kind: str, name: str, group: str | None, references: Iterable[Reference]) -> None:
        """A rule, in the order of the file, with the references of all its conditions."""
        node = f"{kind} {name}" if group is None else f"group {group}"
        self._node_of[kind, name] = node
        self._looks_at.setdefault(node, []).extend(references)

    def circles(self) -> Iterator[tuple[str, Reference]]:
        """Each circle as `a -> b -> a`, with the reference that leaves its first rule."""
        seen: set[str] = set()
        for node in self._looks_at:
            way = None if node in seen else self._way_back(node)
            if way is not None:
                seen.update(name for name, _ in way)
                yield " -> ".join([*(name for name, _ in way), node]), way[0][1]

    def _way_back(self, start: str) -> list[tuple[str, Reference]] | None:
        """The shortest way from a node to itself: each node with the reference that leaves it."""
        ways: deque[tuple[str, list[tuple[str, Reference]]]] = deque([(start, [])])
        visited: set[str] = set()
        while ways:
            node, way = ways.popleft()
            for reference in self._looks_at[node]:
                target = self._node_of.get((reference.kind, reference.name))
                longer = [*way, (node, reference)]
                if target == start:
                    return longer
                if target is not None and target not in visited:
                    visited.add(target)
                    ways.append((target, longer))
        return None
