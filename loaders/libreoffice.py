"""Converts files of older programs (doc, ppt) with LibreOffice, where it is installed.

A file may link to pictures, sheets and objects elsewhere, and to fetch them would tell their owner that it was read. So the profile
that LibreOffice gets follows no links, runs no macros, and names a proxy on this machine where nobody listens.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from loaders import program
from loaders.document import LoadError

T = TypeVar("T")

SECONDS = 90.0
_NO_PROXY_HOST, _NO_PROXY_PORT = "127.0.0.1", 9
"""The port of the discard service, which no machine offers any more: what goes there arrives nowhere."""
_SETTINGS = (
    ("/org.openoffice.Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("/org.openoffice.Office.Common/Security/Scripting", "DisableActiveContent", "true"),
    ("/org.openoffice.Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("/org.openoffice.Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("/org.openoffice.Office.Writer/Content/Update", "Link", "0"),
    ("/org.openoffice.Office.Calc/Content/Update", "Link", "2"),
    ("/org.openoffice.Inet/Settings", "ooInetProxyType", "2"),
    ("/org.openoffice.Inet/Settings", "ooInetHTTPProxyName", _NO_PROXY_HOST),
    ("/org.openoffice.Inet/Settings", "ooInetHTTPProxyPort", str(_NO_PROXY_PORT)),
    ("/org.openoffice.Inet/Settings", "ooInetHTTPSProxyName", _NO_PROXY_HOST),
    ("/org.openoffice.Inet/Settings", "ooInetHTTPSProxyPort", str(_NO_PROXY_PORT)),
    ("/org.openoffice.Inet/Settings", "ooInetNoProxy", ""),
)
"""(path, name, value) of the configuration, as its schema names them."""
_ITEMS = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<oor:items xmlns:oor="http://openoffice.org/2001/registry" '
    'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n{}</oor:items>\n'
)
_ITEM = '<item oor:path="{}"><prop oor:name="{}" oor:op="fuse"><value>{}</value></prop></item>\n'


def installed() -> bool:
    """Whether LibreOffice is there."""
    return program.find("soffice", "libreoffice") is not None


def converted(path: Path, suffix: str, then: Callable[[Path], T]) -> T:
    """What `then` makes of the file at `path` once it is converted to `suffix` (such as "docx"). Raises LoadError."""
    place = program.find("soffice", "libreoffice")
    if place is None:
        raise LoadError("files of this older type need LibreOffice", f"Install LibreOffice, or save it as .{suffix}.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # A profile of its own: another LibreOffice that runs would take the command, and the user's settings are not ours.
        settings = folder / "profile" / "user" / "registrymodifications.xcu"
        settings.parent.mkdir(parents=True)
        settings.write_text(_ITEMS.format("".join(_ITEM.format(*item) for item in _SETTINGS)), encoding="utf-8")
        command = [
            place, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--norestore", "--nolockcheck",
            "--convert-to", suffix, "--outdir", str(folder / "out"), str(path.absolute()),
        ]  # fmt: skip
        nowhere = f"http://{_NO_PROXY_HOST}:{_NO_PROXY_PORT}"
        proxies = dict.fromkeys(
            ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"), nowhere
        )
        program.run(
            command, "LibreOffice", SECONDS, folder=folder, variables={**proxies, "no_proxy": "", "NO_PROXY": ""}
        )
        made = next(iter((folder / "out").glob(f"*.{suffix}")), None)
        if made is None:
            raise LoadError(
                "LibreOffice cannot open it", "It is probably damaged: open it in the program that made it."
            )
        return then(made)
