"""HTTP for operators: `/livez`, `/readyz`, `/metrics` (outputs.md section 5). On loopback unless a host is set.

No state of any entity is served. An unknown path is 404, and another method 405.
Does not know: what makes a worker ready; it asks.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from streams.live.errors import Misconfigured
from streams.live.sections import Http

CLOSE_S = 1.0

log = logging.getLogger(__name__)
Reasons = Callable[[], Sequence[str]]


def pages(registry: CollectorRegistry, reasons: Reasons) -> web.Application:
    """reasons: why the worker is not ready, none if it is."""

    async def livez(_: web.Request) -> web.Response:  # what aiohttp calls
        return web.json_response({"live": True})

    async def readyz(_: web.Request) -> web.Response:
        found = list(reasons())
        return web.json_response({"ready": not found, "reasons": found}, status=503 if found else 200)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/livez", livez), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    return app


@contextlib.asynccontextmanager
async def serve(http: Http, registry: CollectorRegistry, reasons: Reasons) -> AsyncIterator[None]:
    """Serve meanwhile; the address is logged. Raises `Misconfigured` if it is taken."""
    runner = web.AppRunner(pages(registry, reasons), access_log=None, shutdown_timeout=CLOSE_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, http.host, http.port)
        try:
            await site.start()
        except OSError as error:
            raise Misconfigured(
                f"settings: http.host {http.host}, http.port {http.port} cannot be used: {error.strerror}. Take "
                "another port, or 0 for any free one"
            ) from None
        host, port, *_ = runner.addresses[0]
        log.info("http: http://%s:%d/metrics, /readyz, /livez", f"[{host}]" if ":" in host else host, port)
        yield
    finally:
        await runner.cleanup()
