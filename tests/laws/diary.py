"""What has been asked so far: a file with a line for each stretch of seeds, so that a long run can be stopped.

Decides: which stretches count (those of the very sources that this process has loaded), and what the summary says.
Does not know: laws, worlds.
A line that was torn by a kill is none; the file is only ever appended to.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple, Self

import msgspec

ROOT = Path(__file__).parents[2]
OURS = {"schemas", "streams", "tests"}


class Finding(NamedTuple):
    """A law that does not hold in the world of a seed."""

    seed: int
    law: str
    how: str


class Stretch(msgspec.Struct, frozen=True):
    """What was asked of the seeds from `first` up to, without, `last`. asked: by law. seconds: of CPU.

    rows: how many of each kind stood in some of the worlds. sources: their fingerprint, once it is written down.
    """

    first: int
    last: int
    seconds: float
    journeys: int
    asked: dict[str, int]
    rows: dict[str, int]
    findings: list[Finding]
    sources: str = ""


def fingerprint() -> str:
    """Of the sources of this project that the process has loaded."""
    modules: list[Any] = list(sys.modules.values())
    files = {
        Path(module.__file__)
        for module in modules
        if getattr(module, "__file__", None) and module.__name__.partition(".")[0] in OURS
    }
    digest = blake2b(digest_size=6)
    for path in sorted(files):
        digest.update(f"{path.relative_to(ROOT)}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


@dataclass
class Diary:
    """done: the stretches that count. others: how many worlds were asked of other sources, by fingerprint."""

    path: Path
    sources: str
    done: dict[range, Stretch] = field(default_factory=dict)
    others: Counter[str] = field(default_factory=Counter)

    @classmethod
    def read(cls, path: Path, stretches: Sequence[range]) -> Self:
        """Those of the given stretches that stand in the file, which need not exist."""
        diary, wanted = cls(path, fingerprint()), set(stretches)
        lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        for line in lines:
            if line.endswith(b"\n"):
                stretch = msgspec.json.decode(line, type=Stretch)
                numbers = range(stretch.first, stretch.last)
                if numbers in wanted and stretch.sources == diary.sources:
                    diary.done[numbers] = stretch
                elif numbers in wanted:
                    diary.others[stretch.sources] += len(numbers)
        if lines and not lines[-1].endswith(b"\n"):
            path.write_bytes(b"".join(lines[:-1]))
        return diary

    def add(self, stretch: Stretch) -> None:
        """Writes it down at once."""
        self.path.parent.mkdir(exist_ok=True)
        named = msgspec.structs.replace(stretch, sources=self.sources)
        with self.path.open("ab") as file:
            file.write(msgspec.json.encode(named) + b"\n")
        self.done[range(stretch.first, stretch.last)] = named

    @property
    def worlds(self) -> int:
        """How many were asked."""
        return sum(map(len, self.done))

    @property
    def findings(self) -> list[Finding]:
        """All of them."""
        return [finding for stretch in self.done.values() for finding in stretch.findings]


def summary(diary: Diary, seed: int, worlds: int) -> str:
    """What was asked, by law, and what was found."""
    asked, rows = Counter[str](), Counter[str]()
    for stretch in diary.done.values():
        asked.update(stretch.asked)
        rows.update(stretch.rows)
    found = Counter(finding.law for finding in diary.findings)
    seconds = sum(stretch.seconds for stretch in diary.done.values())
    journeys = sum(stretch.journeys for stretch in diary.done.values())
    lines = [
        f"{diary.worlds:,} of {worlds:,} worlds with {journeys:,} journeys, seeds {seed} to {seed + worlds - 1}",
        f"{seconds:,.0f} s of CPU, {diary.worlds / (seconds or 1):.1f} worlds a second of it",
        f"sources {diary.sources}",
        *(f"  (not counted: {number:,} worlds of sources {name})" for name, number in diary.others.items()),
        f"{'law':16}{'asked':>9}  mismatches",
        *(f"{name:16}{number:9,}  {found[name]}" for name, number in sorted(asked.items())),
        "rows in some of the worlds: " + ", ".join(f"{name} {number:,}" for name, number in sorted(rows.items())),
        f"mismatches: {len(diary.findings)}",
    ]
    return "\n".join(lines)
