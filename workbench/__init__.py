"""MemGPT Workbench: questions over documents that do not fit a model's context, with every page in and out shown."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.services.python_api import Workbench, open_workbench

__all__ = ["Workbench", "__version__", "open_workbench"]
__version__ = "0.1.0"

# `import openvino` posts a persistent client id to www.google-analytics.com through this package, writes ~/intel, and heeds
# no DO_NOT_TRACK; without the package it uses a stub of its own that does nothing. Every process of ours imports this module
# before anything else of the workbench, so none of them gets as far as to import the package.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]

# The threads of numpy's OpenBLAS wait for the next product in a loop, 20 ms of a whole core after each one; here they sleep. The
# value is the power of two of the cycles that they wait. It counts where numpy is imported after this line.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "12")


def __getattr__(name: str) -> Any:
    """The Python API is imported at its first use: the commands do not need it."""
    if name in ("Workbench", "open_workbench"):
        from workbench.services import python_api

        return getattr(python_api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
