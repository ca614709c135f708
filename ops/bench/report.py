"""Where measurements end: sections of text, a table and charts, kept as JSON, shown as Markdown and as a page.

Each command writes its own file of sections; report.md and index.html are made anew from all files of the folder, so
they always show what was measured last of everything. The page loads nothing.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import job
import msgspec
import offline

from streams.core.engines import chosen

FOLDER = job.HERE / "report"
ORDER = ("run", "costs", "latency", "growth")  # of the commands, on the page
WIDTH, LABEL, BAR, GAP = 880, 330, 16, 10  # of a chart, in pixels
ROOM = 190  # right of the longest bar, for its figures
STYLE = """\
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .8rem; text-align: right; border-bottom: 1px solid #8884 }
th:first-child, td:first-child { text-align: left }
svg { display: block; max-width: 100%; margin: 1rem 0 } text { fill: currentColor; font-size: 13px }
.bar { fill: #4a7fb5 } .spread { stroke: currentColor; stroke-width: 1.5; opacity: .7 } .note { opacity: .75 }
"""


class Bar(msgspec.Struct, frozen=True):
    """What was measured of one thing: a value per round."""

    label: str
    values: list[float]


class Chart(msgspec.Struct, frozen=True):
    """Bars on one scale that begins at 0. form: of a figure, as for `format`."""

    title: str
    form: str
    bars: list[Bar]


class Section(msgspec.Struct, frozen=True):
    """One question and its answer. rows: cells of text, as many as there are columns."""

    title: str
    notes: list[str]
    columns: list[str]
    rows: list[list[str]]
    charts: list[Chart] = []


def spread(values: Sequence[float], form: str) -> str:
    """Median, and the least and most around it where there are several."""
    least, middle, most = (format(f(values), form) for f in (min, statistics.median, max))
    return f"{middle} ({least} to {most})" if len(values) > 1 else middle


def publish(name: str, sections: list[Section], folder: Path = FOLDER) -> str:
    """Keep the sections of a command (one of ORDER), renew the pages, and return the Markdown of these sections."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = [msgspec.structs.replace(s, notes=[*s.notes, circumstances()]) for s in sections]
    (folder / f"{name}.json").write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1))
    everything = [s for n in ORDER if (path := folder / f"{n}.json").exists() for s in read(path)]
    (folder / "report.md").write_text("\n".join(map(markdown, everything)))
    (folder / "index.html").write_text(page(everything))
    return "\n".join(map(markdown, sections))


def read(path: Path) -> list[Section]:
    """What `publish` has kept."""
    return msgspec.json.decode(path.read_bytes(), type=list[Section])


def circumstances() -> str:
    """When, of what, on what."""
    commit = subprocess.run(
        ["git", "-C", str(job.HERE), "describe", "--always", "--dirty"],  # noqa: S607  # the git of who measures
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    engine = f"the {chosen(offline.engine(), offline.compiled(job.JOURNEY))} engine"
    machine = f"{os.cpu_count()} cores{model.partition(':')[2].rstrip()}, Python {platform.python_version()}"
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, version {commit.stdout.strip() or 'unknown'}, {engine}, {machine}"


def markdown(section: Section) -> str:
    """The section without its charts."""
    lines = [f"## {section.title}", "", *(f"{note}\n" for note in section.notes)]
    lines += [f"| {' | '.join(section.columns)} |", f"|---{'|--:' * (len(section.columns) - 1)}|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in section.rows), ""])


def page(sections: Sequence[Section]) -> str:
    """All of it, self-contained."""
    body = "\n".join(map(html, sections))
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>Measurements</title>\n'
        f"<style>\n{STYLE}</style>\n<h1>Measurements</h1>\n{body}\n</html>\n"
    )


def html(section: Section) -> str:
    """The section with its charts."""
    notes = "".join(f'<p class="note">{escape(note)}</p>\n' for note in section.notes)
    rows = "".join(f"<tr>{cells('td', row)}</tr>\n" for row in section.rows)
    table = f"<table>\n<tr>{cells('th', section.columns)}</tr>\n{rows}</table>\n"
    return f"<h2>{escape(section.title)}</h2>\n{notes}{table}{''.join(map(svg, section.charts))}"


def cells(tag: str, texts: Sequence[str]) -> str:
    """A row of a table."""
    return "".join(f"<{tag}>{escape(text)}</{tag}>" for text in texts)


def svg(chart: Chart) -> str:
    """A bar as long as the median, with a line from the least to the most."""
    scale = (WIDTH - LABEL - ROOM) / (max(max(bar.values) for bar in chart.bars) or 1)
    height = len(chart.bars) * (BAR + GAP) + GAP
    drawn = "\n".join(draw(bar, n * (BAR + GAP) + GAP, scale, chart.form) for n, bar in enumerate(chart.bars))
    return (
        f"<h3>{escape(chart.title)}</h3>\n"
        f'<svg role="img" aria-label="{escape(chart.title)}" width="{WIDTH}" viewBox="0 0 {WIDTH} {height}">\n'
        f"{drawn}\n</svg>\n"
    )


def draw(bar: Bar, top: int, scale: float, form: str) -> str:
    """Label, bar, spread and figures."""
    least, middle, most = (LABEL + scale * f(bar.values) for f in (min, statistics.median, max))
    line, text = top + BAR / 2, top + BAR - 4
    return (
        f'<text x="0" y="{text}">{escape(bar.label)}</text>'
        f'<rect class="bar" x="{LABEL}" y="{top}" width="{middle - LABEL:.1f}" height="{BAR}"/>'
        f'<line class="spread" x1="{least:.1f}" x2="{most:.1f}" y1="{line}" y2="{line}"/>'
        f'<text x="{most + 8:.1f}" y="{text}">{escape(spread(bar.values, form))}</text>'
    )
