"""What of a web page is there to move about in it, and nothing of what it says: menus, links to skip them, edit marks, banners.

Told by what the page itself says of its parts (HTML's `nav`, WAI-ARIA's roles, the classes of MediaWiki and of the usual
consent programs). A menu is left out only where more than its own length is left of the page without it, or near it.
"""

from __future__ import annotations

import re
from typing import Any

from loaders import left_out
from loaders.left_out import LeftOut

_ROLES = frozenset(("navigation", "menubar"))
_CLASSES = frozenset(
    "mw-editsection editsection mw-jump-link mw-jump skip-link skiplink skip-nav skip-to-content skip-navigation "
    "mw-portlet vector-menu interlanguage-link mw-interlanguage-selector printfooter navbar-toggler headerlink".split()
)
_IDS = frozenset(
    "jump-to-nav mw-navigation mw-panel p-lang p-lang-btn onetrust-consent-sdk onetrust-banner-sdk CybotCookiebotDialog "
    "usercentrics-root didomi-host qc-cmp2-container truste-consent-track".split()
)
_BANNER = re.compile(
    r"(?:^|[\s_-])(?:cookies?|consent|gdpr)[\s_-]?(?:banner|notice|bar|consent|popup|dialog|modal|message)s?"
    r"(?:[_-]+(?:wrapper|container|overlay|inner|root|box))?(?=\s|$)",
    re.IGNORECASE,
)
_BANNER_CHARS = 3_000
_SKIPS = re.compile(r"(?:skip|jump) to (?:the )?(?:main )?(?:content|navigation|search|menu|footer)\.?", re.IGNORECASE)
_JUMP = re.compile(r"Jump to ?: ?navigation ?, ?search\b")
"""What old pages of MediaWiki begin with; their text is often all that is left of them."""

_EDIT = re.compile(
    r"\s*[(\[]\s*(?:edit(?: ?\| ?edit source)?|hide|show|bearbeiten(?: ?\| ?quelltext bearbeiten)?|modifier(?: ?\| ?modifier le code)?"
    r"|editar(?: ?\| ?editar (?:código|a fonte))?|modifica(?: ?\| ?modifica wikitesto)?|bewerken(?: ?\| ?brontekst bewerken)?"
    r"|править(?: ?\| ?править код)?|編集|编辑)\s*[)\]]\s*$",
    re.IGNORECASE,
)
_LINKED = 0.5
"""The share of a menu's letters that are links."""

_MENU_TO_REST = 10
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


def strip_navigation(body: Any, omitted: LeftOut) -> None:
    """Take the navigation out of a page; each part of it is counted."""
    menus = list[Any]()
    for element in list(body.iter()):
        if not isinstance(element.tag, str) or element is body or element.getparent() is None:
            continue
        for place in ("text", "tail"):
            said = getattr(element, place)
            if said and "Jump to" in said and (match := _JUMP.search(said)):
                setattr(element, place, said[: match.start()] + said[match.end() :])
                omitted.add(left_out.NAVIGATION)
        if _is_mark(element):
            _drop(element, omitted)
        elif _is_menu(element):
            menus.append(element)
    for heading in body.iter(*_HEADINGS):
        _without_edit(heading, omitted)
    outermost = [menu for menu in menus if not any(other in menus for other in menu.iterancestors())]
    inside = sum(map(_letters, outermost))
    if inside and (_letters(body) - inside) * _MENU_TO_REST >= inside:
        for menu in outermost:
            _drop(menu, omitted)


def _drop(element: Any, omitted: LeftOut) -> None:
    if element.text_content().strip():
        omitted.add(left_out.NAVIGATION)
    element.drop_tree()


def _is_mark(element: Any) -> bool:
    """Whether an element is an edit mark, a link that skips a menu or a banner that asks for consent."""
    names, key = element.get("class") or "", element.get("id") or ""
    if names and not _CLASSES.isdisjoint(names.split()):
        return not _holds_content(element)
    if key in _IDS:
        return not _holds_content(element)
    if element.tag == "a":
        return (element.get("href") or "").startswith("#") and bool(
            _SKIPS.fullmatch(" ".join(element.text_content().split()))
        )
    if (names and _BANNER.search(names)) or (key and _BANNER.search(key)):
        return not _holds_content(element) and len(element.text_content()) < _BANNER_CHARS
    return False


def _holds_content(element: Any) -> bool:
    return next(element.iter("main", "article", "h1"), None) is not None


def _is_menu(element: Any) -> bool:
    if element.tag != "nav" and (element.get("role") or "").lower() not in _ROLES:
        return False
    letters = _letters(element) - sum(map(_letters, element.iter(*_HEADINGS)))
    linked = sum(_letters(link) for link in element.iter("a", "button"))
    return not _holds_content(element) and linked >= _LINKED * letters


def _letters(element: Any) -> int:
    return len("".join(element.text_content().split()))


def _without_edit(heading: Any, omitted: LeftOut) -> None:
    """Take the mark at the end of a heading out that is no element of its own."""
    last = heading[-1] if len(heading) else None
    said = heading.text if last is None else last.tail
    if said and (match := _EDIT.search(said)) and (last is not None or match.start()):
        if last is None:
            heading.text = said[: match.start()]
        else:
            last.tail = said[: match.start()]
        omitted.add(left_out.NAVIGATION)
