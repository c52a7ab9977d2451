"""The JSON Schema of the settings file follows the settings, and stands beside a file that the workbench writes."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from workbench.core import settings_file
from workbench.core.settings import Settings, from_file
from workbench.core.settings_schema import schema


def test_every_setting_has_its_type_its_default_and_its_meaning() -> None:
    properties = schema()["properties"]
    assert set(properties) == {field.name for field in dataclasses.fields(Settings)}
    for field in dataclasses.fields(Settings):
        assert properties[field.name]["default"] == field.default
        assert properties[field.name]["description"].endswith((".", ")"))
    assert properties["eviction"]["enum"] == ["fifo", "lru", "pinned"]
    assert not schema()["additionalProperties"]


def test_a_file_that_is_written_names_the_schema_beside_it(tmp_path: Path) -> None:
    """A comment for editors: the file reads as before."""
    file = tmp_path / "config.toml"
    settings_file.write(file, {"page_hits": 6})
    first = file.read_text(encoding="utf-8").splitlines()[0]
    beside = file.parent / first.removeprefix("#:schema ./")
    assert json.loads(beside.read_text(encoding="utf-8")) == schema()
    assert from_file(file) == {"page_hits": 6}


def test_a_file_of_the_users_keeps_its_first_line(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("# mine\npage_hits = 4\n", encoding="utf-8")
    settings_file.write(file, {"page_hits": 6})
    assert file.read_text(encoding="utf-8") == "# mine\npage_hits = 6\n"
