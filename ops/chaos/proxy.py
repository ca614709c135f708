"""A TCP proxy before a node, which makes the network as bad as it is told to.

    delay_s     how long every piece is held back, in both directions
    silent      nothing is passed on any more, but connections stay open and new ones are accepted (half-open)
    lose        API keys of Kafka's protocol: such a request is passed on and executed, its response is thrown away and
                the connection closed, with this probability

Requests are recognised by their frames (size, API key, version, correlation id); nothing else of them is read.
Does not know: why, and what the clients do then.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import struct
from collections.abc import Mapping
from typing import Self

from cluster import PROXY_HOST, Node

PRODUCE, INIT_PRODUCER_ID, ADD_PARTITIONS, ADD_OFFSETS, END_TXN, TXN_OFFSET_COMMIT = 0, 22, 24, 25, 26, 28
SIZE = struct.Struct(">i")
REQUEST = struct.Struct(">hhi")  # API key, version, correlation id
RESPONSE = struct.Struct(">i")  # correlation id


class Proxy:
    """In front of one node. Use as an async context."""

    def __init__(self, node: Node, rng: random.Random) -> None:
        self.node, self.rng = node, rng
        self.delay_s, self.silent = 0.0, False
        self.lose: Mapping[int, float] = {}
        self.lost = 0
        self._links: set[Link] = set()

    async def __aenter__(self) -> Self:
        """Listen."""
        self._server = await asyncio.start_server(self._accept, PROXY_HOST, self.node.proxy)
        return self

    async def __aexit__(self, *_: object) -> None:
        """End everything."""
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """Close every connection."""
        for link in list(self._links):
            link.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = Link(self, reader, writer)
        self._links.add(link)
        try:
            await link.run()
        finally:
            self._links.discard(link)
            link.close()


class Link:
    """One connection of a client, and ours to the node."""

    def __init__(self, proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.proxy, self.reader, self.writer = proxy, reader, writer
        self.upstream: asyncio.StreamWriter | None = None
        self.doomed: set[int] = set()  # correlation ids of responses that will not arrive

    async def run(self) -> None:
        """Until either side closes."""
        try:
            answers, self.upstream = await asyncio.open_connection("127.0.0.1", self.proxy.node.behind)
        except OSError:
            return
        ways = [
            asyncio.ensure_future(self._requests(self.upstream)),
            asyncio.ensure_future(self._responses(answers)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.wait(ways)

    def close(self) -> None:
        """Both connections, at once."""
        for writer in (self.writer, self.upstream):
            if writer is not None:
                with contextlib.suppress(OSError, RuntimeError):
                    writer.transport.abort()

    async def _requests(self, to: asyncio.StreamWriter) -> None:
        while frame := await self._frame(self.reader):
            api, _, correlation = REQUEST.unpack_from(frame, SIZE.size)
            if self.proxy.rng.random() < self.proxy.lose.get(api, 0.0):
                self.doomed.add(correlation)
            await self._pass_on(frame, to)

    async def _responses(self, answers: asyncio.StreamReader) -> None:
        while frame := await self._frame(answers):
            if RESPONSE.unpack_from(frame, SIZE.size)[0] in self.doomed:
                self.proxy.lost += 1
                return
            await self._pass_on(frame, self.writer)

    async def _frame(self, reader: asyncio.StreamReader) -> bytes:
        """The next request or response with its size; empty at the end of the connection."""
        try:
            size = await reader.readexactly(SIZE.size)
            return size + await reader.readexactly(SIZE.unpack(size)[0])
        except (asyncio.IncompleteReadError, OSError):
            return b""

    async def _pass_on(self, frame: bytes, to: asyncio.StreamWriter) -> None:
        if self.proxy.delay_s:
            await asyncio.sleep(self.proxy.delay_s)
        if self.proxy.silent:
            return
        with contextlib.suppress(OSError):
            to.write(frame)
            await to.drain()
