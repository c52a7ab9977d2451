"""Choosing a loader imports all of them into the process with the screen: what reads files stays out until a file is read."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("lxml", "openpyxl", "docx", "pptx", "pypdf", "pypdfium2", "numpy", "pyarrow", "trafilatura", "PIL")


def test_the_loaders_import_nothing_heavy() -> None:
    code = "import sys, loaders.registry as r; r.all_loaders(); print(*{m.split('.')[0] for m in sys.modules} & set(sys.argv[1:]))"
    done = subprocess.run([sys.executable, "-c", code, *HEAVY], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == ""
