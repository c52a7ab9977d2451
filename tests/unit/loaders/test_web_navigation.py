"""Menus, edit marks and banners of web pages are left out and counted; what the page itself says stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from loaders import registry

MENU = '<nav><ul><li><a href="/">Home</a></li><li><a href="/a">About us</a></li></ul></nav>'


def shown(tmp_path: Path, body: str) -> tuple[list[str], str]:
    (tmp_path / "page.html").write_text(f"<html><body>{body}</body></html>", encoding="utf-8")
    document = registry.read(tmp_path / "page.html")
    return [line for line in document.pages[0].text.split("\n") if line], document.metadata.get("left_out", "")


@pytest.mark.parametrize(
    "navigation",
    [
        MENU,
        '<div role="navigation"><h2>Contents</h2><a href="#h">History</a></div>',
        '<a href="#main">Skip to main content</a>',
        '<a class="mw-jump-link" href="#main">Zum Inhalt springen</a>',
        '<div class="site cookie-banner-wrapper"><p>We use cookies.</p><button>Accept</button></div>',
        '<div id="CybotCookiebotDialog">Wir verwenden Cookies.</div>',
        '<ul><li class="interlanguage-link"><a lang="de">Deutsch</a></li></ul>',
    ],
)
def test_navigation_is_left_out_and_counted(tmp_path: Path, navigation: str) -> None:
    lines, left_out = shown(tmp_path, f"{navigation}<main><h1>The bell</h1><p>Cast in 1850.</p></main>")
    assert (lines, left_out) == (["The bell", "Cast in 1850."], "not read: 1 menu or mark of navigation")


@pytest.mark.parametrize(
    ("heading", "title"),
    [
        ('History<span class="mw-editsection">[<a href="e">edit</a>]</span>', "History"),
        ("History [edit | edit source]", "History"),
        ("<span>Geschichte</span> [Bearbeiten]", "Geschichte"),
        ("History ( edit )", "History"),
    ],
)
def test_edit_marks_of_headings(tmp_path: Path, heading: str, title: str) -> None:
    lines, left_out = shown(tmp_path, f"<h2>{heading}</h2><p>Cast in 1850. Jump to : navigation , search</p>")
    assert (lines, left_out) == ([title, "Cast in 1850."], "not read: 2 menus or marks of navigation")


@pytest.mark.parametrize(
    "content",
    [
        "<nav><p>The bell rings for the guard, then the mate reads <a href='l'>the log</a> aloud.</p></nav>",
        '<p class="cookie-notice-recipe">Bake them for ten minutes.</p>',
        "<p>Edit the page [edit]</p>",
        '<nav role="navigation"><main><h1>All of it</h1></main></nav>',
        f"<nav>{9 * '<p><a>Hull: 53 berths, closed in March</a></p>'}</nav>",
    ],
)
def test_what_the_page_says_stays(tmp_path: Path, content: str) -> None:
    lines, left_out = shown(tmp_path, f"<h1>Ports</h1>{content}")
    assert len(lines) > 1
    assert not left_out
