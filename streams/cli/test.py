"""`journeys test`: case files, a line each, and the difference of those that fail."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from streams.language import ProblemsFound, load_journey
from streams.language.cases import CaseError, CaseFile, read_cases
from streams.replay.cases import Difference, Row, run_case

app = typer.Typer(add_completion=False)

FILES = typer.Argument(help="Case files; each names its journey.", exists=True, dir_okay=False)
SHOWN = ("episode", "revision", "from", "to", "cause")


@app.command("test")
def test_command(files: Annotated[list[Path], FILES]) -> None:
    """Run case files in virtual time, without a broker. Exits with 1 if a case fails.

    Example: journeys test ops/journeys/cases/*.yaml
    """
    passed = failed = 0
    for path in files:
        try:
            file = read_cases(path)
            results = _run(file)
        except (CaseError, ProblemsFound, OSError, ValueError) as error:
            typer.echo(f"{path}: {error}", err=True)
            raise typer.Exit(2) from None
        for name, difference in results:
            good = not any(difference)
            passed, failed = passed + good, failed + (not good)
            typer.echo(f"{'ok  ' if good else 'FAIL'} {path.name}: {name}")
            for line in timeline(difference):
                typer.echo(f"       {line}")
    typer.echo(f"{passed} passed, {failed} failed")
    if failed:
        raise typer.Exit(1)


def _run(file: CaseFile) -> list[tuple[str, Difference]]:
    journey = load_journey(file.journey)
    return [(case.name, run_case(case, journey)) for case in file.cases]


def timeline(difference: Difference) -> list[str]:
    """What was expected and did not come, and what came unexpected, on one timeline."""
    rows = [("expected", row) for row in difference.missing] + [("got     ", row) for row in difference.extra]
    return [
        f"{side} {text(row)}" for side, row in sorted(rows, key=lambda r: (r[1]["effective_at"], r[1]["entity_id"]))
    ]


def text(row: Row) -> str:
    """A row as case files write it."""
    at = datetime.fromtimestamp(row["effective_at"] / 1000, UTC).isoformat(timespec="milliseconds")[:-6]
    said = " ".join(f"{key}={row[key]}" for key in SHOWN if row.get(key) is not None)
    return f"{row['entity_id']}  {row['kind']}  {row['rule']}  {at} {said}{' retracted' if row['retracted'] else ''}"
