"""The files of the container are well formed, name what exists, run as nobody special and publish nothing to other machines."""

from __future__ import annotations

import argparse
import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from workbench.cli.commands import COMMANDS
from workbench.core.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / ".docker"
INSTRUCTIONS = {"FROM", "RUN", "WORKDIR", "COPY", "USER", "ENV", "VOLUME", "EXPOSE", "HEALTHCHECK", "CMD"}
COMPOSED = sorted(FOLDER.glob("compose*.yaml"))
SERVICE_KEYS = {"build", "image", "ports", "volumes", "environment", "restart", "depends_on", "healthcheck"}


def instructions() -> list[tuple[str, str]]:
    """Each instruction of the Dockerfile with its arguments, lines that go on joined."""
    text = (FOLDER / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in lines]


def service_of(path: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["services"][name]
    return found


def test_the_dockerfile_is_well_formed_and_does_not_run_as_root() -> None:
    found = instructions()
    assert {name for name, _ in found} <= INSTRUCTIONS
    assert found[0][0] == "FROM"
    assert re.fullmatch(r"\S+:\d[\w.-]*", found[0][1]), "a tag that says which"
    users = [rest for name, rest in found if name == "USER"]
    assert users
    assert users[-1] not in ("root", "0")
    assert any(f" {users[-1]}" in rest for name, rest in found if name == "RUN" and "useradd" in rest)
    check = dict(found)["HEALTHCHECK"].partition("CMD ")[2]
    compile(json.loads(check)[2], "healthcheck", "exec")
    assert "/health" in check
    assert "/health" in (ROOT / "workbench" / "server" / "app.py").read_text(encoding="utf-8")


def test_the_dockerfile_installs_and_starts_what_there_is() -> None:
    found = instructions()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    installed = re.search(r"\.\[([\w,-]+)\]", " ".join(rest for _, rest in found))
    assert installed is not None
    assert set(installed[1].split(",")) <= set(extras)
    program, command, *rest = json.loads(dict(found)["CMD"])
    assert program == "workbench"
    parser = argparse.ArgumentParser()
    COMMANDS[command].add_arguments(parser)
    port = parser.parse_args(rest).port
    assert dict(found)["EXPOSE"] == str(port)
    assert f":{port}/health" in dict(found)["HEALTHCHECK"]


@pytest.mark.parametrize("path", COMPOSED, ids=lambda path: path.name)
def test_a_compose_file_names_what_exists_and_publishes_to_this_machine_alone(path: Path) -> None:
    composed = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(composed) <= {"services", "volumes"}
    for service in composed["services"].values():
        assert set(service) <= SERVICE_KEYS
        if "build" in service:
            assert (path.parent / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
        if "image" in service:
            assert re.fullmatch(r"[\w./-]+:\w[\w.-]*", service["image"])
            assert not service["image"].endswith(":latest")
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:"), port
        for volume in service.get("volumes", ()):
            assert volume.partition(":")[0] in composed["volumes"]
        named = {
            name.removeprefix("WORKBENCH_").lower() for name in service.get("environment", ()) if "WORKBENCH_" in name
        }
        assert named <= set(Settings.__dataclass_fields__)
        assert not [
            value for name, value in service.get("environment", {}).items() if "PASSWORD" in name and "${" not in value
        ]


def test_the_shared_archive_of_the_container_is_the_server_beside_it() -> None:
    both = FOLDER / "compose.postgres.yaml"
    address = Settings(archive=service_of(both, "workbench")["environment"]["WORKBENCH_ARCHIVE"]).archive
    archive = service_of(both, "archive")
    made = archive["environment"]
    assert address == f"postgresql://{made['POSTGRES_USER']}@archive/{made['POSTGRES_DB']}"
    assert archive["image"].startswith("pgvector/pgvector:")
    words = shlex.split(archive["healthcheck"]["test"][1])
    assert words == ["pg_isready", "-U", made["POSTGRES_USER"], "-d", made["POSTGRES_DB"]]
