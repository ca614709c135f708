"""`journeys check`: are these journey files right? Every problem of every file, each with its line.

A file that is right gets warnings too: what could be better, LN01 to LN17 of language.md section 6.
Exit codes: 0 all are right, 1 at least one is refused or, with --strict, has a warning, 2 at least one cannot be read.
Does not know: what makes a file right or better; `streams.language` decides that. It knows what day it is (UTC).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from streams.language import Problem, ProblemsFound, lint, load_source

app = typer.Typer(add_completion=False)

OK, REFUSED, UNREADABLE = 0, 1, 2
Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Journey files (YAML).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON array, an object for each file.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 1 if there is a warning.")]


@dataclass(frozen=True)
class Report:
    """What was found in one file. journey, version, warnings: if it is right; error: if it cannot be read."""

    file: str
    code: int
    journey: str | None = None
    version: int | None = None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    error: str | None = None


@app.command("check")
def check(files: Files, as_json: AsJson = False, strict: Strict = False) -> None:
    """Check journey files and print every problem and every warning in them."""
    today = datetime.now(UTC).date()
    reports = [_report(path, today) for path in files]
    if as_json:
        print(json.dumps([asdict(report) for report in reports], ensure_ascii=False, indent=2))
    else:
        for report in reports:
            _print(report)
    warned = strict and any(report.warnings for report in reports)
    raise typer.Exit(max(REFUSED if warned else OK, *(report.code for report in reports)))


def _report(path: Path, today: date) -> Report:
    try:
        source = load_source(path)
    except ProblemsFound as refused:
        return Report(str(path), REFUSED, problems=tuple(refused.problems))
    except OSError as error:
        return Report(str(path), UNREADABLE, error=f"cannot be read: {error.strerror}; check the path and its rights")
    warnings = tuple(lint(source, today=today))
    return Report(str(path), OK, source.journey.journey, source.journey.version, warnings=warnings)


def _print(report: Report) -> None:
    if report.error is not None:
        typer.echo(f"{report.file}: {report.error}", err=True)
    elif report.problems:
        print(*report.problems, sep="\n")
    else:
        number = len(report.warnings)
        warned = f", {number} warning{'' if number == 1 else 's'}" if number else ""
        lines = (*report.warnings, f"{report.file}: OK, journey {report.journey} version {report.version}{warned}")
        print(*lines, sep="\n")
