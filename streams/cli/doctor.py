"""`journeys doctor`: whether everything that an app needs is as it must be, and what to do next where it is not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.journeys import journey_files, load_machine
from streams.live.diagnosis import Finding, well
from streams.live.doctor import examine
from streams.live.errors import Stopped
from streams.live.settings import load_settings

app = typer.Typer(add_completion=False)

JOURNEY = typer.Option("--journey", help="Journey file to be compared with the state, with those of the settings.")
AS_JSON = typer.Option("--json", help="One JSON object: {healthy, findings: [{about, says, next}]}.")


@app.command("doctor")
def doctor_command(
    journey: Annotated[list[Path] | None, JOURNEY] = None, as_json: Annotated[bool, AS_JSON] = False
) -> None:
    """Look at broker, topics, clocks, group, lag, states and what was set aside, with the settings that a worker has.

    Example: journeys doctor --journey b2b-trial.yaml

    Exit codes: 0 all is well, 1 there is something to do, 2 settings, or no broker answers.
    """
    try:
        settings = load_settings(tuple(journey or ()))
        files = list(journey_files(settings.journeys))
        fingerprint = load_machine(files, settings.limits.of_engine()).fingerprint if files else None
        findings = asyncio.run(examine(settings, fingerprint))
    except Stopped as error:
        typer.echo(error, err=True)
        raise typer.Exit(error.exit_code) from None
    healthy = well(findings)
    if as_json:
        print(json.dumps({"healthy": healthy, "findings": [finding._asdict() for finding in findings]}))
    else:
        print("\n".join(lines(findings)))
    raise typer.Exit(0 if healthy else 1)


def lines(findings: Iterable[Finding]) -> Iterable[str]:
    """A line for each, and another where there is something to do."""
    findings = list(findings)
    wide = max(len(finding.about) for finding in findings)
    for finding in findings:
        yield f"{'ok' if finding.well else '!!'}  {finding.about:{wide}}  {finding.says}"
        if finding.next:
            yield f"    {'':{wide}}  next: {finding.next}"
