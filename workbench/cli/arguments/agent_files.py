"""The arguments of agents as a whole: made, renamed, deleted, given another preset, written to a file and read from one."""

from __future__ import annotations

import argparse

from workbench.cli.arguments.entry import Entry, json_flag, new_agent_flags, yes_flag


def _fill_agents(sub: argparse.ArgumentParser) -> None:
    json_flag(sub)
    actions = sub.add_subparsers(dest="action", metavar="create|rename|delete|preset")
    create = actions.add_parser("create", help="make an agent", description="make an agent")
    create.add_argument("name", metavar="NAME")
    new_agent_flags(create)
    rename = actions.add_parser("rename", help="give an agent another name", description="give an agent another name")
    rename.add_argument("name", metavar="NAME")
    rename.add_argument("new_name", metavar="NEW")
    delete = actions.add_parser("delete", help="delete an agent", description="delete agents with all they remember")
    delete.add_argument("names", metavar="NAME", nargs="+")
    yes_flag(delete)
    about = "change the task guidance of an agent, from its next step on"
    preset = actions.add_parser("preset", help=about, description=about)
    preset.add_argument("name", metavar="NAME")
    preset.add_argument("preset_name", metavar="PRESET")
    for action in (create, rename, delete, preset):
        json_flag(action)


def _consent(chosen: argparse.Namespace) -> str:
    if chosen.action != "delete":
        return ""
    return f"Delete {', '.join(chosen.names)}, with every message, step and note? Loaded documents stay."


def _fill_export(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("agent", metavar="AGENT", help="an agent, as `workbench agents` lists it")
    sub.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        help="FILE.agent: the whole agent; FILE.md: its conversation (default: shown)",
    )


def _fill_import(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("file", metavar="FILE.agent", help="the file")
    sub.add_argument("--name", metavar="NAME", help="what to call it here (default: as it was called)")
    json_flag(sub)


COMMANDS = {
    "agents": Entry("list agents; create, rename or delete one", _fill_agents, "agent_files.agents", _consent),
    "export": Entry("an agent as one file, or its conversation as Markdown", _fill_export, "agent_files.export"),
    "import": Entry("an agent from a file that export wrote", _fill_import, "agent_files.import_agent"),
}
