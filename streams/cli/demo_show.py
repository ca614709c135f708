"""Where the demo is seen: on a terminal, where a table is drawn again and again, or in a log, line after line.

What is noted is kept: a table is gone when it is left, and the notes and the last state of affairs are printed then.
Does not know: what there is to be shown.
"""

from __future__ import annotations

import asyncio
import time

from rich.console import Console
from rich.live import Live

from streams.cli.demo_table import Scene, draw, lines

DRAW_S = 0.5  # slow enough to be read
LINES_S = 5.0


class Show:
    """Call `note` for what happens, and let `run` run meanwhile. drawn: as a table."""

    def __init__(self, scene: Scene, console: Console, *, drawn: bool) -> None:
        self.scene, self.console, self.drawn = scene, console, drawn
        self._drawing = False
        self._unsaid: list[str] = []

    def note(self, text: str) -> None:
        """Something has happened."""
        told = f"{time.strftime('%H:%M:%S', time.gmtime())} {text}"
        self.scene.notes.append(told)
        if self._drawing:
            self._unsaid.append(told)
        else:
            self.console.print(told, markup=False)

    async def run(self) -> None:
        """Show the scene until cancelled."""
        await (self._draw() if self.drawn else self._print())

    async def _draw(self) -> None:
        try:
            with Live(console=self.console, screen=True, auto_refresh=False) as live:
                self._drawing = True
                while True:
                    live.update(draw(self.scene, self.console.width, self.console.height), refresh=True)
                    await asyncio.sleep(DRAW_S)
        finally:
            self._drawing = False
            for told in self._unsaid:
                self.console.print(told, markup=False)
            self._print_lines()

    async def _print(self) -> None:
        try:
            while True:
                await asyncio.sleep(LINES_S)
                self._print_lines()
        finally:
            self._print_lines()

    def _print_lines(self) -> None:
        for line in lines(self.scene):
            self.console.print(line, markup=False)
