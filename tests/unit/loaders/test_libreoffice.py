"""LibreOffice is started so that a file can make it fetch nothing; a program of the test stands in for it and says what it was given."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from lxml import etree

from loaders import libreoffice

STAND_IN = """#!{python}
import json, os, pathlib, sys, urllib.parse
profile = next(word for word in sys.argv if word.startswith("-env:UserInstallation=")).partition("=")[2]
settings = pathlib.Path(urllib.parse.urlsplit(profile).path, "user", "registrymodifications.xcu").read_text()
out = pathlib.Path(sys.argv[sys.argv.index("--outdir") + 1])
out.mkdir()
(out / "letter.docx").write_text(json.dumps({{"settings": settings, "environment": dict(os.environ)}}))
"""
NAME = "{http://openoffice.org/2001/registry}name"


def test_it_follows_no_links_and_reaches_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "soffice"
    program.parent.mkdir()
    program.write_text(STAND_IN.format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "*")
    (tmp_path / "letter.doc").write_bytes(b"x")
    given = json.loads(libreoffice.converted(tmp_path / "letter.doc", "docx", lambda made: made.read_text()))
    items = etree.fromstring(given["settings"].encode())
    told = {prop.get(NAME): prop.findtext("value") for prop in items.iter("prop")}
    assert told["BlockUntrustedRefererLinks"] == told["DisableMacrosExecution"] == "true"
    assert (told["ooInetProxyType"], told["ooInetHTTPSProxyName"], told["ooInetHTTPSProxyPort"]) == (
        "2",
        "127.0.0.1",
        "9",
    )
    assert given["environment"]["https_proxy"] == given["environment"]["all_proxy"] == "http://127.0.0.1:9"
    assert given["environment"]["no_proxy"] == given["environment"]["NO_PROXY"] == ""
