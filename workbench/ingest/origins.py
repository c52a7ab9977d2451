"""What a person names for a load becomes origins of documents: paths and web addresses go in, Origins come out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from loaders.folder import Rules
from loaders.origins import Origin, PathOrigin
from workbench.errors import UsageError
from workbench.load_options import LoadOptions


def origins_of(named: Sequence[str | Path], options: LoadOptions) -> list[Origin]:
    """An origin for each name, in order. Raises UsageError for a path where there is nothing."""
    if not named:
        raise UsageError("There is nothing to load.", "Name a file or a folder.")
    return [_origin(name, options) for name in named]


def _origin(name: str | Path, options: LoadOptions) -> Origin:
    path = Path(name).expanduser()
    try:
        exists = path.exists() or path.is_symlink()
    except (OSError, ValueError):
        exists = False
    if not exists:
        raise UsageError(f"There is nothing at {path}.", "Check the path.")
    return PathOrigin(path, Rules(options.include, options.exclude, options.hidden))
