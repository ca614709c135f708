"""What is wrong with a journey file: where, what, and what to write instead.

ProblemsFound is the only error of this room. Whoever catches it shows all problems and stops: a file is accepted whole
or not at all. Codes are stable, so that tools can rely on them; messages are for people and may get better.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

NAMES_SHOWN = 12  # a longer list of what is allowed is no help


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake or, with a code LN01 to LN17, a warning.

    `path` leads to it inside the file, as in `dropoffs.stalled.expect`; it is empty for the file.
    """

    file: str
    line: int
    path: str
    message: str
    code: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line} {self.path}".rstrip()
        return f"{place}: {self.message} [{self.code}]"


class ProblemsFound(Exception):
    """A journey file was refused. `problems`: all of them, each once, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(map(str, self.problems)))


def instead(name: str, allowed: Iterable[str]) -> str:
    """What to write instead of a name that is not allowed: the nearest one, or a short list."""
    names = list(allowed)
    near = get_close_matches(name, names, n=1)
    if near:
        return f"; did you mean '{near[0]}'?"
    if not names:
        return "; there is none"
    if len(names) == 1:
        return f"; write '{names[0]}'"
    more = ", ..." if len(names) > NAMES_SHOWN else ""
    return f"; write one of: {', '.join(names[:NAMES_SHOWN])}{more}"
