"""What `doctor` says of the search index: all that is loaded, with a size that is not rounded to nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.services import doctor
from workbench.services.session import Session


def said(session: Session, name: str) -> str:
    return next(check.detail for check in doctor.checks(session.app, session.settings) if check.name == name)


def test_the_index_is_told_with_what_is_loaded(make_session: Any, papers: Path) -> None:
    session = make_session()
    assert "nothing is loaded yet" in said(session, "search index")
    list(session.load([papers]))
    loaded = sum(source.passages for source in session.sources())
    index = said(session, "search index")
    assert index.startswith(f"{loaded} passages of all sources, less than 0.1 MB in memory")
    assert " 0 " not in index


def test_an_index_that_does_not_fit_is_told_so(make_session: Any, papers: Path) -> None:
    session = make_session(index_memory_mb=0)
    list(session.load([papers]))
    assert "more than the 0 MB allowed" in said(session, "search index")
