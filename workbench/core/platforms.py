"""Says where the workbench runs, and refuses elsewhere in one sentence.

Linux, macOS and WSL. It stands on what POSIX gives: a Unix socket whose other end the kernel names, flock on the database's
folder, process groups, limits of memory and time for the processes that read foreign files, and SIGTERM and SIGHUP to
end cleanly. Windows has none of these as they are needed, so there it runs inside WSL.
"""

from __future__ import annotations

import importlib.util
import signal
import socket
import sys

from workbench.core.errors import WorkError

_NEEDED = ("fcntl", "resource", "termios")
_SIGNALS = ("SIGTERM", "SIGHUP", "SIGKILL")


def check() -> None:
    """Raises WorkError where sockets, locks or limits of processes are missing."""
    if sys.platform == "win32":
        raise WorkError("The workbench does not run on Windows itself.", "Install it inside WSL: wsl --install.")
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    missing += [] if hasattr(socket, "AF_UNIX") else ["Unix sockets"]
    missing += [name for name in _SIGNALS if not hasattr(signal, name)]
    if missing:
        raise WorkError(
            f"This system ({sys.platform}) lacks {', '.join(missing)}, which the workbench needs.",
            "It runs on Linux, macOS and WSL.",
        )
