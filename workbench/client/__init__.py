"""A Python client of `workbench serve`: the methods of the local API over HTTP, sync and async.

from workbench.client import Client

with Client("http://127.0.0.1:8283", token="wb_…", agent="notes") as bench:
    bench.load("papers/report.pdf", source="papers")
    bench.attach("papers")
    print(bench.answer("Who kept the light in 1902?").text)
"""

from __future__ import annotations

from workbench.client.asynchronous import AsyncClient
from workbench.client.synchronous import Client

__all__ = ["AsyncClient", "Client"]
