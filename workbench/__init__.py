"""MemGPT Workbench: questions over documents that do not fit a model's context, with every page in and out shown."""

import sys

__version__ = "0.1.0"

# `import openvino` posts a persistent client id to www.google-analytics.com through this package, writes ~/intel, and heeds
# no DO_NOT_TRACK; without the package it uses a stub of its own that does nothing. Every process of ours imports this module
# before anything else of the workbench, so none of them gets as far as to import the package.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
