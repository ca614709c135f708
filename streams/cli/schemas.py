"""`journeys schemas`: write the schemas of everything that crosses the process boundary, for editors and validators.

Exit codes: 0 written, 2 the folder cannot be written.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streams.codec.asyncapi import generate_asyncapi
from streams.codec.json_schema import generate

app = typer.Typer(add_completion=False)

Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to write them; made if it is absent.")]


@app.command("schemas")
def schemas(out: Out = Path("schemas")) -> None:
    """Write the JSON Schema of every file and record, and asyncapi.yaml, which says what is in which topic."""
    texts = {f"json/{name}": text for name, text in generate().items()} | {"asyncapi.yaml": generate_asyncapi()}
    try:
        (out / "json").mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (out / name).write_text(text, encoding="utf-8")
            print(out / name)
    except OSError as error:
        typer.echo(f"{out}: cannot be written: {error.strerror}; choose another folder with --out", err=True)
        raise typer.Exit(2) from None
