"""The settings file as a JSON Schema, so that an editor completes and checks it; made from the code that reads the file.

Editors with Taplo (VS Code's "Even Better TOML", Helix, Neovim, Zed) take the schema that the first line of a TOML file
names: `#:schema ./config.schema.json`.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import typing
from itertools import pairwise
from typing import Any

from workbench.core import settings
from workbench.core.settings import CHOICES, Settings

DIRECTIVE = "#:schema ./{}"
"""The first line of a settings file whose schema lies beside it."""

_KINDS = {bool: "boolean", int: "integer", float: "number", str: "string"}


def descriptions() -> dict[str, str]:
    """What each setting means, in one line, from the docstring below its field."""
    tree = ast.parse(inspect.getsource(settings))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == Settings.__name__)
    found: dict[str, str] = {}
    for field, text in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            found[ast.unparse(field.target)] = " ".join(str(text.value.value).split())
    return found


def schema() -> dict[str, Any]:
    """The schema, draft 2020-12: every setting with its type, default and meaning; a key it does not know is an error."""
    kinds, about = typing.get_type_hints(Settings), descriptions()
    properties: dict[str, Any] = {}
    for field in dataclasses.fields(Settings):
        entry: dict[str, Any] = {
            "type": _KINDS[kinds[field.name]],
            "default": field.default,
            "description": about[field.name],
        }
        if field.name in CHOICES:
            entry["enum"] = list(CHOICES[field.name])
        if field.name == "window_tokens":
            entry["minimum"] = settings.SMALLEST_WINDOW_TOKENS
        properties[field.name] = entry
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of the MemGPT workbench",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }
