"""`journeys check`: are these journey files right? Every problem of every file, each with its line.

Exit codes: 0 all are right, 1 at least one is refused, 2 at least one cannot be read.
Does not know: what makes a file right; `streams.language` decides that.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from streams.language import Problem, ProblemsFound, load_journey

OK, REFUSED, UNREADABLE = 0, 1, 2
Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Journey files (YAML).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON array, an object for each file.")]


@dataclass(frozen=True)
class Report:
    """What was found in one file. journey and version: if it is right; error: if it cannot be read."""

    file: str
    code: int
    journey: str | None = None
    version: int | None = None
    problems: tuple[Problem, ...] = ()
    error: str | None = None


def check(files: Files, as_json: AsJson = False) -> None:
    """Check journey files and print every problem in them."""
    reports = [_report(path) for path in files]
    if as_json:
        print(json.dumps([asdict(report) for report in reports], ensure_ascii=False, indent=2))
    else:
        for report in reports:
            _print(report)
    raise typer.Exit(max(report.code for report in reports))


def _report(path: Path) -> Report:
    try:
        journey = load_journey(path)
    except ProblemsFound as refused:
        return Report(str(path), REFUSED, problems=tuple(refused.problems))
    except OSError as error:
        return Report(str(path), UNREADABLE, error=f"cannot be read: {error.strerror}; check the path and its rights")
    return Report(str(path), OK, journey.journey, journey.version)


def _print(report: Report) -> None:
    if report.error is not None:
        typer.echo(f"{report.file}: {report.error}", err=True)
    elif report.problems:
        print(*report.problems, sep="\n")
    else:
        print(f"{report.file}: OK, journey {report.journey} version {report.version}")
