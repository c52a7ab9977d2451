"""Writes the versions that the gate installs: `.venv/bin/python .ci/constraints.py > .ci/constraints.txt`, with each one's licence.

What the environment it runs in has of this project's dependencies, and of theirs, is what is written.
"""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_OWN = "memgpt-workbench"


def main() -> None:
    """Follow the dependencies from pyproject.toml and print them."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    todo = [Requirement(line) for line in (*project["dependencies"], *extras)]
    found: dict[str, metadata.Distribution] = {}
    followed: set[tuple[str, frozenset[str]]] = set()
    while todo:
        wanted = todo.pop()
        name, asked = canonicalize_name(wanted.name), frozenset(wanted.extras)
        if name == _OWN or (name, asked) in followed or (wanted.marker and not _holds(wanted, frozenset())):
            continue
        followed.add((name, asked))
        try:
            found[name] = metadata.distribution(wanted.name)
        except metadata.PackageNotFoundError:
            continue
        todo += [line for text in found[name].requires or () if _holds(line := Requirement(text), asked)]
    print("# Written by .ci/constraints.py; the gate installs these versions. A licence as the package states it.")
    for name in sorted(found):
        print(f"{name}=={found[name].version.split('+')[0]}  # {_licence(found[name])}")


def _holds(wanted: Requirement, extras: frozenset[str]) -> bool:
    if wanted.marker is None:
        return True
    return any(wanted.marker.evaluate({"extra": extra}) for extra in (extras or {""}))


def _licence(distribution: metadata.Distribution) -> str:
    known = distribution.metadata
    if stated := known.get("License-Expression"):
        return str(stated)
    classified = [
        text.rpartition(" :: ")[2] for text in known.get_all("Classifier") or () if text.startswith("License ::")
    ]
    said = " ".join(str(known.get("License") or "").split())
    return " or ".join(classified) or (said if 0 < len(said) <= 60 else "see the package")


if __name__ == "__main__":
    main()
