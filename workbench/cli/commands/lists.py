"""MemGPT's list, add and delete: a kind of thing and a name come in; what there is, or what was done, goes out."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.cli.commands import agent_files, functions, library
from workbench.cli.output import line, say
from workbench.core.errors import UsageError
from workbench.services.session import Session


def show(session: Session, chosen: argparse.Namespace) -> int:
    """List things of one kind."""
    from workbench.agent import prompts

    if chosen.kind in prompts.KINDS:
        folder = session.app.paths.config
        rows = [
            {"name": name, "own": prompts.is_own(chosen.kind, name, folder)}
            for name in prompts.names(chosen.kind, folder)
        ]
        if chosen.json:
            line({"event": chosen.kind, "step": None, chosen.kind: rows})
        for row in rows if not chosen.json else ():
            say(f"{row['name']}{'  [yours]' if row['own'] else ''}")
        return 0
    if chosen.kind == "functions":
        return functions.functions(session, argparse.Namespace(agent=chosen.agent, on=None, off=None, json=chosen.json))
    if chosen.kind == "agents":
        return agent_files.show(session, chosen)
    return library.sources(session, argparse.Namespace(action=None, json=chosen.json))


def add(session: Session, chosen: argparse.Namespace) -> int:
    """Add a preset, persona or human of the user's own."""
    from workbench.agent import prompts

    name = chosen.name or chosen.named
    if not name or (chosen.text is None) == (chosen.file is None):
        raise UsageError("A name and one text are needed.", f"For example: workbench add {chosen.kind} mine --text '…'")
    try:
        text = chosen.text if chosen.text is not None else Path(chosen.file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{chosen.file} cannot be read: {error}.", "Name a text file in UTF-8.") from None
    file = prompts.add(f"{chosen.kind}s", name, text, session.app.paths.config, replace=chosen.yes)
    return agent_files.tell(
        chosen, "added", f"Added {chosen.kind} {name}: {file}", kind=chosen.kind, name=name, file=str(file)
    )


def delete(session: Session, chosen: argparse.Namespace) -> int:
    """Delete an agent, a source, or a text of the user's own."""
    from workbench.agent import prompts

    if chosen.kind == "agent":
        return agent_files.delete(session, argparse.Namespace(names=[chosen.name], json=chosen.json))
    if chosen.kind == "source":
        session.library.remove(chosen.name)
    else:
        prompts.remove(f"{chosen.kind}s", chosen.name, session.app.paths.config)
    return agent_files.tell(
        chosen, "deleted", f"Deleted {chosen.kind} {chosen.name}.", kind=chosen.kind, name=chosen.name
    )
