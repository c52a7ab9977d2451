"""Edits the settings file with tomlkit, so that a person's comments and order survive."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.core.errors import ConfigError, UsageError
from workbench.core.settings import Settings, from_environment, from_file, is_there, parsed
from workbench.core.settings_schema import DIRECTIVE, schema


def changes(words: Sequence[str]) -> dict[str, Any]:
    """KEY=VALUE words as typed values; KEY= means that it goes back to its default (None). Raises ConfigError, UsageError."""
    changed: dict[str, Any] = {}
    for word in words:
        key, sign, text = word.partition("=")
        if not sign:
            raise UsageError(f"{word!r} sets nothing.", "Write KEY=VALUE, for example model=mistral-small.")
        value = parsed(key.strip(), text.strip())
        changed[key.strip()] = value if text.strip() else None
    return changed


def write(file: Path, wanted: Mapping[str, Any]) -> None:
    """Put values into the file, take out those that are None; whole or not at all, readable by its owner only.

    Raises ConfigError when the settings would not be valid together, UsageError when the file cannot be written.
    """
    before = from_file(file) if is_there(file) else {}
    after = {key: value for key, value in {**before, **wanted}.items() if value is not None}
    Settings(**after)
    text = _changed(_present(file), wanted)
    near = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(near, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as raw:
            raw.write(text)
        if not _says(near, after):
            raise UsageError(f"{file} is written in a way that cannot be changed here.", "Change it with an editor.")
        near.replace(file)
        _schema_beside(file).write_text(json.dumps(schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}.", "Check the folder.") from None
    finally:
        with contextlib.suppress(OSError):
            near.unlink()


def _schema_beside(file: Path) -> Path:
    return file.with_name(f"{file.stem}.schema.json")


def _says(file: Path, wanted: Mapping[str, Any]) -> bool:
    try:
        return from_file(file) == wanted
    except ConfigError:
        return False


def _present(file: Path) -> str:
    text = file.read_text(encoding="utf-8") if is_there(file) else ""
    return text if text.strip() else DIRECTIVE.format(_schema_beside(file).name) + "\n"


def _changed(text: str, wanted: Mapping[str, Any]) -> str:
    import tomlkit  # a tenth of a second that only a change of the file is worth

    document = tomlkit.parse(text)
    for key, value in wanted.items():
        if value is None:
            document.pop(key, None)
        else:
            document[key] = value
    return document.as_string()


def toml(value: Any) -> str:
    """A value as it stands in the file."""
    # A JSON string is a TOML string, but for DEL and lone surrogates, which no setting has.
    return json.dumps(value, ensure_ascii=False)


def origins(file: Path, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Where each setting that is not a default comes from: "file" or "environment"."""
    origins = dict.fromkeys(from_file(file), "file") if is_there(file) else {}
    return origins | dict.fromkeys(from_environment(os.environ if environ is None else environ), "environment")
