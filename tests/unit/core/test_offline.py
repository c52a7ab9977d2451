"""A process whose network is refused reaches this machine alone, and what it tried is written down."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TRIED = """
import contextlib, socket, sys
from pathlib import Path
from workbench.core import offline

offline.refuse(Path(sys.argv[1]))
for host in ("name.invalid", b"bytes.invalid", "localhost.invalid", "127.invalid", "localhost", "127.0.0.2", None):
    with contextlib.suppress(OSError):
        socket.getaddrinfo(host, 80)
for family, address in (
    (socket.AF_INET, ("192.0.2.1", 9)), (socket.AF_INET, ("127.0.0.1", 9)),
    (socket.AF_INET6, ("2001:db8::1", 9)), (socket.AF_INET6, ("::1", 9)),
    (socket.AF_UNIX, "none.sock"), (socket.AF_UNIX, b"none.sock"),
):
    for kind, send in ((socket.SOCK_STREAM, "connect"), (socket.SOCK_DGRAM, "sendto")):
        with socket.socket(family, kind) as one, contextlib.suppress(OSError):
            one.connect(address) if send == "connect" else one.sendto(b"x", address)
"""


def test_places_elsewhere_are_refused_and_written_down(tmp_path: Path) -> None:
    file = tmp_path / "tried"
    subprocess.run([sys.executable, "-c", TRIED, str(file)], check=True, cwd=Path(__file__).parents[3])
    assert file.read_text().split() == [
        "name.invalid", "bytes.invalid", "localhost.invalid", "127.invalid", "192.0.2.1", "192.0.2.1", "2001:db8::1", "2001:db8::1",
    ]  # fmt: skip
