"""The documentation in workbench/docs, which ships with the package: its topics and pages."""

from __future__ import annotations

from importlib import resources

_ORDER = (
    "tutorial",
    "usage",
    "commands",
    "settings",
    "memory",
    "answers",
    "servers",
    "formats",
    "security",
    "troubleshooting",
)
"""These come first, in the order in which a newcomer needs them; the others follow by name."""


def topics() -> dict[str, str]:
    """Every topic and the title of its page."""
    files = {
        item.name[:-3]: item
        for item in resources.files("workbench").joinpath("docs").iterdir()
        if item.name.endswith(".md")
    }
    ordered = [*(name for name in _ORDER if name in files), *sorted(set(files) - set(_ORDER))]
    return {name: files[name].read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ") for name in ordered}


def page(topic: str) -> str:
    """The page of a topic, as Markdown. Raises FileNotFoundError for a topic that `topics` does not have."""
    return resources.files("workbench").joinpath("docs", f"{topic}.md").read_text(encoding="utf-8").rstrip()
