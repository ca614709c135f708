"""A journey file, accepted whole or refused with every problem.

Decides: the order of the questions. Is it YAML (yaml.py)? Has it the shape of a journey (shape.py)? Does it make sense
(check.py)? The last two are asked together, so that one run shows all of their answers; of a place that has not the
right shape, nobody asks what it means.
Does not know: what any of the answers depends on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from schemas.journey import Journey
from streams.language.check import meaning
from streams.language.problems import Problem, ProblemsFound
from streams.language.shape import shape
from streams.language.yaml import Node, read_yaml


@dataclass(frozen=True)
class Source:
    """A journey that was accepted, and where it comes from. lines: path inside the file -> line."""

    file: str
    journey: Journey
    lines: Mapping[str, int]


def load_source(path: Path) -> Source:
    """The journey in that file, with the lines that its parts stand in.

    Raises ProblemsFound if it is refused, OSError if it cannot be read.
    """
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        message = "this is no UTF-8; save the file as UTF-8"
        raise ProblemsFound([Problem(str(path), line, "", message, "bad_encoding")]) from error
    return read_source(text, str(path))


def read_source(text: str, name: str) -> Source:
    """The journey in a text that is called `name` in problems.

    Raises ProblemsFound if it is refused.
    """
    root = read_yaml(text, name)
    journey, problems = shape(root, name)
    misshapen = {problem.path for problem in problems}
    problems += (problem for problem in meaning(root, name) if problem.path not in misshapen)
    if journey is None or problems:
        raise ProblemsFound(problems)
    return Source(name, journey, dict(_lines(root)))


def load_journey(path: Path) -> Journey:
    """The journey in that file alone; raises as `load_source`."""
    return load_source(path).journey


def read_journey(text: str, name: str) -> Journey:
    """The journey in a text alone; raises as `read_source`."""
    return read_source(text, name).journey


def _lines(node: Node) -> Iterator[tuple[str, int]]:
    yield node.path, node.line
    for inner in (*node.fields.values(), *node.items):
        yield from _lines(inner)
