"""Exits 0 when every distribution installed in this Python's environment is whole and all that pyproject.toml asks for is there.

An interrupted or damaged installation must not decide whether a change lands: what fails here is built anew.
"""

import sys
import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement  # what pip itself decides with; pytest brings it


def faults() -> list[str]:
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    said = []
    for line in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
        wanted = Requirement(line)
        if wanted.marker is not None and not wanted.marker.evaluate():
            continue
        try:
            if metadata.version(wanted.name) not in wanted.specifier:
                said.append(f"{wanted.name} {metadata.version(wanted.name)} is not {wanted.specifier}")
        except metadata.PackageNotFoundError:
            said.append(f"{wanted.name} is not installed")
    for distribution in metadata.distributions():
        for file in distribution.files or ():
            if file.size is not None:
                path = Path(str(distribution.locate_file(file)))
                if not path.is_file() or path.stat().st_size != file.size:
                    said.append(f"{path} is missing or was changed")
    return said


if __name__ == "__main__":
    found = faults()
    if found:
        sys.exit("\n".join(found[:10]))
