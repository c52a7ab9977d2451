"""Writes and shows settings, and checks the installation."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from workbench.cli.command import Command, json_flag
from workbench.cli.output import line, progress, say, say_lines
from workbench.core import settings_file
from workbench.core.archive_address import address_of
from workbench.core.errors import UsageError
from workbench.core.sanitize import json_text
from workbench.core.secrets import without_password
from workbench.core.server_profile import ServerProfile
from workbench.core.settings import READER, SECRET_SETTINGS, Settings, read_settings

if TYPE_CHECKING:
    from workbench.services.session import Session


def _fill_doctor(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--model", metavar="M", help="the model to ask (default: the configured one, or the first listed)")
    sub.add_argument(
        "--model-endpoint", metavar="URL", dest="base_url", help="the server, instead of the configured one"
    )
    sub.add_argument(
        "--port",
        metavar="N",
        type=int,
        action="append",
        default=[],
        help="look for a server on this port of this machine too",
    )
    sub.add_argument("--quick", action="store_true", help="ask servers for their lists of models only")
    sub.add_argument(
        "--measure", action="store_true", help="send a prompt that fills the window to a server on the internet as well"
    )
    sub.add_argument(
        "--offline", action="store_true", help="ask no server, and prove that the default needs no network"
    )
    sub.add_argument(
        "--storage", action="store_true", help="read every block of the database and compare counts, hashes and links"
    )
    json_flag(sub)


def _fill_quickstart(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--backend", metavar="B", default="", help='"reader" for the embedded one, "openai", or the address of a server'
    )
    sub.add_argument("--model", metavar="M", help="a model of that server (default: its first)")
    sub.add_argument("--offline", action="store_true", help="do not ask the model's server")
    json_flag(sub)


def _fill_configure(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "changes", metavar="KEY=VALUE", nargs="*", help="write these settings to the file; KEY= takes one out"
    )
    sub.add_argument(
        "--ask", action="store_true", help="ask which server and model, probe them, and write the settings"
    )
    sub.add_argument("--key", action="store_true", help="ask for the server's key and put it into the keyring")
    sub.add_argument("--show", action="store_true", help="show the settings and ask nothing, also at a terminal")
    sub.add_argument(
        "--schema", action="store_true", help="print the JSON Schema of the settings file, for editors and checks"
    )
    sub.set_defaults(probe=False)
    json_flag(sub)


def doctor(session: Session, chosen: argparse.Namespace) -> int:
    """Check the installation part by part, then the model servers: the configured one and those on this machine."""
    from workbench.models.openai.discovery import LOCAL_PORTS

    settings = session.app.settings
    given = {key: value for key in ("model", "base_url") if (value := getattr(chosen, key))}
    if given.get("base_url") or settings.base_url or not settings.uses_reader:
        settings = dataclasses.replace(settings, **given)
    look = Look(chosen.model or "", (*chosen.port, *LOCAL_PORTS), chosen.quick, True if chosen.measure else None)
    return _check(
        session,
        settings,
        look,
        offline=chosen.offline,
        storage=chosen.storage,
        prove=chosen.offline,
        as_json=chosen.json,
    )


@dataclasses.dataclass(frozen=True)
class Look:
    """Which servers are looked at, and how closely (see services.server_survey)."""

    model: str = ""
    ports: tuple[int, ...] = ()
    quick: bool = False
    measure: bool | None = None


def _check(
    session: Session, settings: Settings, look: Look, *, offline: bool, storage: bool, prove: bool, as_json: bool
) -> int:
    from workbench.services import doctor as doctor_service

    rows: list[dict[str, Any]] = []

    def tell(check: doctor_service.Check) -> None:
        rows.append({"name": check.name, "ok": check.ok, "detail": check.detail, "remedy": check.remedy})
        if not as_json:
            remedy = "" if check.ok or not check.remedy else f" {check.remedy}"
            say(f"{'ok  ' if check.ok else 'BAD '} {check.name}: {check.detail}{remedy}")

    for check in doctor_service.checks(session.app, settings, storage=storage):
        tell(check)
    servers: list[dict[str, Any]] = []
    if offline:
        for check in doctor_service.offline_checks(settings) if prove else ():
            tell(check)
    else:
        for profile, check in _servers(session, settings, look):
            if check is not None:
                tell(check)
            servers.append(profile.dump())
            if not as_json:
                for text in server_lines(profile, session.fit_words(settings, profile)):
                    say(text)
        asked = [one["model"] for one in servers]
        if look.model and look.model not in asked and not look.quick and all(row["ok"] for row in rows):
            tell(
                doctor_service.Check(
                    "model", False, f"No server here lists {look.model}.", "Start it, or name it as it is listed."
                )
            )
    bad = sum(not row["ok"] for row in rows)
    if as_json:
        line({"event": "doctor", "step": None, "ok": not bad, "checks": rows, "servers": servers})
    return 1 if bad else 0


def _servers(session: Session, settings: Settings, look: Look) -> Iterator[tuple[ServerProfile, Any]]:
    """Servers as they are found and asked, with the line about the configured one; what was found out is remembered."""
    from workbench.core.keys import key_of
    from workbench.services import doctor as doctor_service
    from workbench.services.server_survey import survey

    configured = not settings.uses_reader
    found = survey(
        settings, key_of(settings), model=look.model, ports=look.ports, quick=look.quick, measure=look.measure,
        now=session.app.clock().isoformat(timespec="seconds"), tell=progress,
    )  # fmt: skip
    for at, profile in enumerate(found):
        if profile.model:
            session.app.servers.keep(profile)
        yield profile, doctor_service.server_check(settings, profile) if configured and at == 0 else None


def server_lines(profile: ServerProfile, fit: Sequence[str]) -> Iterator[str]:
    """What was found out about a server, a line each."""
    yield f"{profile.name} at {profile.url}"
    if not profile.reachable:
        yield f"    not reachable: {profile.reason}"
        return
    for model in profile.models[:_MOST_MODELS]:
        kind = "" if model.kind == "chat" else f" ({model.kind})"
        context = f", context {model.context_tokens:,} declared" if model.context_tokens else ""
        yield f"    {'* ' if model.name == profile.model else '  '}{model.name}{kind}{context}"
    if len(profile.models) > _MOST_MODELS:
        yield f"      and {len(profile.models) - _MOST_MODELS} more"
    embeds = next((model.name for model in profile.models if model.kind == "embedding"), "")
    if embeds:
        yield f'    to embed with it: embedding_model = "openai:{embeds}@{profile.url}"'
    if profile.measured_tokens:
        yield f"    context measured: {profile.measured_tokens:,} tokens"
    for finding in profile.findings:
        does = f" -> {finding.does}" if finding.does else ""
        yield f"    {_SIGNS.get(finding.state, '?')} {finding.aspect}: {finding.found}{does}"
    if profile.findings:
        yield from (f"    {text}" for text in fit)


_MOST_MODELS = 12
_SIGNS = {"ok": "ok   ", "quirk": "quirk", "bad": "BAD  ", "unknown": "?    "}


def configure(session: Session, chosen: argparse.Namespace) -> int:
    """Show the settings in force and where each is from; first write those that are given, or that were asked for."""
    file = session.settings_file
    if chosen.schema:
        from workbench.core.settings_schema import schema

        say_lines(json.dumps(schema(), indent=2, ensure_ascii=False).split("\n"))
        return 0
    if chosen.changes:
        settings_file.write(file, settings_file.changes(chosen.changes))
    if chosen.probe and not chosen.json:
        say(f"Written: {file}")
        return _check(session, read_settings(file), Look(), offline=False, storage=False, prove=False, as_json=False)
    settings = read_settings(file)
    rows = _rows(settings, settings_file.origins(file))
    if chosen.json:
        line({"event": "settings", "step": None, "file": str(file), "settings": rows})
        return 0
    say(f"# {file}{'' if file.is_file() else ' (not written yet)'}; `workbench configure KEY=VALUE` changes it")
    for row in rows:
        from_where = "" if row["from"] == "default" else f"  # {row['from']}"
        # What is printed is a settings file, so a key or an address that is not shown whole must not be one.
        hidden = "# " if row["value"] != getattr(settings, row["key"]) else ""
        say(f"{hidden}{row['key']} = {_shown(row['value'])}{from_where}")
    return 0


def _ask(chosen: argparse.Namespace) -> None:
    from workbench.cli import configuration_questions

    configuration_questions.ask(chosen)


def _shown(value: Any) -> str:
    """A value as TOML, with what a terminal could take for more than text as the escapes that TOML shares with JSON."""
    return json_text(value) if isinstance(value, str) else settings_file.toml(value)


def _rows(settings: Settings, origins: dict[str, str]) -> list[dict[str, Any]]:
    rows = []
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if field.name in SECRET_SETTINGS and value:
            value = "set, not shown"
        if field.name in ("base_url", "embedding_model"):
            value = without_password(value)
        if field.name == "archive" and value:
            value = f"postgresql://{address_of(value)}, user and password not shown"
        rows.append({"key": field.name, "value": value, "from": origins.get(field.name, "default")})
    return rows


def quickstart(session: Session, chosen: argparse.Namespace) -> int:
    """Write the first settings, check every part, and say what to do next."""
    file = session.settings_file
    backend, wanted = chosen.backend, {"model": chosen.model}
    if backend == READER:
        wanted = {"model": READER, "base_url": None}
    elif backend == "openai":
        wanted = {"model": chosen.model or "gpt-4o-mini", "base_url": None}
    elif backend and not backend.startswith(("http://", "https://")):
        raise UsageError(
            f"{backend!r} is no backend.", "It is reader, openai, or the address of a server: http://…/v1."
        )
    elif backend:
        wanted = {"model": chosen.model, "base_url": backend}
    given = {key: value for key, value in wanted.items() if backend or value}
    if given:
        settings_file.write(file, given)
    look = Look(quick=True)
    code = _check(
        session, read_settings(file), look, offline=chosen.offline, storage=False, prove=False, as_json=chosen.json
    )
    if not chosen.json:
        say("Next: workbench PATH opens the screen on your documents; workbench ask QUESTION --attach PATH asks once.")
        say(f"Settings: workbench configure ({file}).")
    return code


COMMANDS = {
    "doctor": Command("check the installation", _fill_doctor, doctor),
    "quickstart": Command("write first settings, check the installation, say what to do next", _fill_quickstart, quickstart),
    "configure": Command(
        "ask for server and model, probe and write them; show settings, or change some", _fill_configure, configure, prepare=_ask
    ),
}  # fmt: skip
