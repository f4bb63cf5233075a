"""Markup out of a view: tags and comments removed, block tags as line breaks, entities decoded, metadata lifted.

One linear scan for pages and for the leftovers of pages in plain text; nothing is parsed into a tree, so that
depth, unclosed elements and stray angle brackets cost no more than other characters.
"""

from __future__ import annotations

import html as html_entities
import re
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from jianghua.corpus.view import LINE_BREAK, Range, View
from jianghua.schema import Removed


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BLOCK = _words(
    "address article aside blockquote body br caption center dd div dl dt fieldset figcaption figure footer form "
    "h1 h2 h3 h4 h5 h6 head header hr html legend li main nav ol option p pre section select table tbody td tfoot "
    "th thead title tr ul"
)
_INLINE = _words(
    "a abbr acronym b base basefont bdo big button cite code del dfn em embed font i iframe img input ins kbd "
    "label link map area marquee meta noscript object param q s samp script small source span strike strong style "
    "sub sup svg template textarea tt u ul var video audio o:p st1:chsdate wbr"
)
_KNOWN = _BLOCK | _INLINE
_VOID = _words("area base basefont br col embed hr img input link meta param source wbr o:p")
# Their content is never running text.
_OPAQUE = _words("script style template textarea svg iframe noscript select button title")
_ASIDE = {"nav": "navigation", "footer": "navigation", "aside": "navigation", "form": "html"}
# Words in class and id that the templates of government and news sites use for what surrounds an article.
_HINTS = dict.fromkeys(
    ["nav", "menu", "breadcrumb", "crumb", "crumbs", "footer", "sidebar", "related", "recommend", "pager"], "navigation"
)
_HINTS |= dict.fromkeys(["share", "toolbar", "copyright", "qrcode", "comment", "comments"], "widget")
# A container with more of the page's text than this is the article whatever its name: ASP pages are one form.
_MAIN_SHARE = 1 / 3

_TAG = r"</?(?P<name>[A-Za-z][A-Za-z0-9:]*)(?:\s(?P<attributes>(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*+|[^<>]*))?/?>"
_ENTITY = r"(?P<entity>&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});)"
_MARKDOWN = (
    r"(?P<mark>(?m:^[ \t]*#{1,6}[ \t]+)|(?P<bold>\*\*)|!\[[^\[\]\n]{0,200}\]\([^()\s]{1,500}\))"
    r"|\[(?P<label>[^\[\]\n]{1,200})\]\((?:https?:|/|#|\.)[^()\s]{0,500}\)"
)
_TOKEN = re.compile(rf"(?P<comment><!--)|<[!?][A-Za-z\[/][^<>]*>|{_TAG}|{_ENTITY}|{_MARKDOWN}")
_SOFT_BREAK = re.compile(r"\s*[\r\n]\s*")
_CLASS = re.compile(r"(?:class|id)\s*=\s*[\"']?([^\"'>]*)", re.I)
_PAGE = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.I)
_META_NAME = re.compile(r"(?:name|property)\s*=\s*[\"']?([\w:.-]+)", re.I)
_META_CONTENT = re.compile(r"content\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.I)
_TITLE_NAMES = frozenset({"articletitle", "og:title"})
_DATE_NAMES = _words("pubdate publishdate publish_date publishtime article:published_time og:release_date")
_ISO = re.compile(r"((?:19|20)\d\d)[-/.年](\d{1,2})[-/.月](\d{1,2})")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of markup at [start, end) of a view; `text_before` characters of visible text stand before it."""

    start: int
    end: int
    kind: str
    name: str = ""
    attributes: str = ""
    closing: bool = False
    text_before: int = 0


@dataclass(slots=True)
class Stripped:
    """What is left of a view: its text, what was removed (source offsets), where links were, what metadata said."""

    view: View
    removed: list[Removed] = field(default_factory=list)
    links: list[Range] = field(default_factory=list)
    title: str | None = None
    date: str | None = None


def looks_like_page(text: str) -> bool:
    """Whether a text is an HTML page rather than text with leftovers of one."""
    return _PAGE.search(text, 0, 2_000) is not None


def strip_markup(view: View, kind: str) -> Stripped:
    """Remove markup from `view` of kind "txt", "md" or "html", where line feeds are white space, as in a browser."""
    html = kind == "html"
    tokens = list(_tokens(view.text, kind))
    if not tokens and not html:
        return Stripped(view)
    dropped = _dropped(tokens, len(view.text)) if html else []
    blocks = sum(token.kind == "tag" and token.name in _BLOCK for token in tokens)
    # A file named .html that holds plain text keeps its lines.
    return _emit(view, tokens, dropped, soft=html and blocks >= 3)


def _tokens(text: str, source_kind: str) -> Iterator[Token]:
    at = before = last = 0
    missing: set[str] = set()
    while (match := _TOKEN.search(text, at)) is not None:
        start, at = match.span()
        kind, name = _kind(match, source_kind)
        if not kind:
            at = start + 1
            continue
        attributes = match["attributes"] or ""
        closing = text.startswith("</", start)
        if (kind == "comment" or (name in _OPAQUE and not closing)) and not attributes.endswith("/"):
            at = _close(text, at, name, missing)
        before += start - last
        last = at
        yield Token(start, at, kind, name, attributes, closing, before)


def _kind(match: re.Match[str], source_kind: str) -> tuple[str, str]:
    # Outside Markdown two asterisks are a masked word.
    if match["bold"] and source_kind != "md":
        return "", ""
    if match["name"]:
        name = match["name"].lower()
        # In plain text only what can be a tag is one: "<b and c>" is not.
        attributes = match["attributes"]
        known = name in _KNOWN and (not attributes or "=" in attributes or not attributes.strip(" /"))
        return ("tag", name) if source_kind == "html" or known else ("", "")
    for kind in ("comment", "entity", "mark", "label"):
        if match[kind]:
            return kind, ""
    return "declaration", ""


def _close(text: str, at: int, name: str, missing: set[str]) -> int:
    """End of the element or comment open at `at`; `at` itself where it is never closed (looked for once only)."""
    if name in missing:
        return at
    match = re.compile(rf"</{name}\s*>" if name else "-->", re.I).search(text, at)
    if match is None:
        missing.add(name)
        return at
    return match.end()


def _dropped(tokens: list[Token], size: int) -> list[tuple[int, int, str]]:
    """Containers of navigation, forms and widgets, as view ranges with a reason."""
    total = max(1, tokens[-1].text_before + size - tokens[-1].end) if tokens else 1
    found: list[tuple[int, int, str]] = []
    stack: list[tuple[Token, str]] = []
    depth: Counter[str] = Counter()
    for token in tokens:
        if token.kind != "tag" or token.name in _VOID or token.name in _OPAQUE:
            continue
        if not token.closing:
            stack.append((token, _reason(token)))
            depth[token.name] += 1
            continue
        # The count spares a search through the stack for an element that was never opened.
        while depth[token.name]:
            opened, reason = stack.pop()
            depth[opened.name] -= 1
            if opened.name == token.name:
                if reason and token.text_before - opened.text_before < _MAIN_SHARE * total:
                    found.append((opened.start, token.end, reason))
                break
    return sorted(found)


def _reason(token: Token) -> str:
    if token.name in _ASIDE:
        return _ASIDE[token.name]
    words = {word for value in _CLASS.findall(token.attributes) for word in re.split(r"[\s_-]+", value.lower())}
    return next((_HINTS[word] for word in sorted(words) if word in _HINTS), "")


class _Writer:
    """Builds the stripped view piece by piece."""

    def __init__(self, view: View, soft: bool) -> None:
        self.source, self.soft = view, soft
        self.texts: list[str] = []
        self.starts = array("q")
        self.wide = dict(view.wide)
        self.size = 0

    def copy(self, start: int, end: int) -> None:
        if self.soft:
            for match in _SOFT_BREAK.finditer(self.source.text, start, end):
                self._copy(start, match.start())
                start = match.end()
        self._copy(start, end)

    def _copy(self, start: int, end: int) -> None:
        self.texts.append(self.source.text[start:end])
        self.starts.extend(self.source.starts[start:end])
        self.size += max(0, end - start)

    def put(self, text: str, start: int, end: int) -> None:
        """Characters that stand for the source of [start, end) as a whole."""
        first, last = self.source.hull(start, end)
        self.texts.append(text)
        self.starts.extend([first] * len(text))
        self.wide[first] = last
        self.size += len(text)

    def line_break(self, at: int) -> None:
        self.texts.append("\n")
        self.starts.append(self.source.starts[at])
        self.size += 1


def _emit(view: View, tokens: list[Token], dropped: list[tuple[int, int, str]], soft: bool) -> Stripped:
    writer, result = _Writer(view, soft), Stripped(view)
    at, opened = 0, -1
    areas = iter([*dropped, (len(view.text) + 1, len(view.text) + 1, "")])
    area = next(areas)
    for token in tokens:
        if token.start < at:
            continue
        writer.copy(at, min(token.start, len(view.text)))
        while area[1] <= token.start:
            area = next(areas)
        if area[0] <= token.start:
            writer.line_break(token.start)
            at = area[1]
            result.removed.append(Removed(*view.hull(area[0], area[1]), area[2]))
            continue
        at = token.end
        opened = _link(token, writer, result, opened)
        _write(token, writer, result)
    writer.copy(at, len(view.text))
    result.view = View("".join(writer.texts), writer.starts, writer.wide)
    return result


def _link(token: Token, writer: _Writer, result: Stripped, opened: int) -> int:
    """Note where links are; returns where the open one began, or -1."""
    if token.name != "a":
        return opened
    if token.closing and opened >= 0:
        result.links.append((opened, writer.size))
    return -1 if token.closing else writer.size


def _write(token: Token, writer: _Writer, result: Stripped) -> None:
    text = writer.source.text[token.start : token.end]
    if token.kind == "entity":
        decoded = html_entities.unescape(text)
        # A character that ends a line or is none at all would be taken for structure.
        writer.put(" " if LINE_BREAK.fullmatch(decoded) else decoded, token.start, token.end)
        return
    if token.kind == "label":
        first = token.start + 1
        last = first + text.index("](") - 1
        _remove(result, writer, token.start, first, "html")
        writer.copy(first, last)
        _remove(result, writer, last, token.end, "html")
        return
    reason = "html"
    if token.name == "title" and not token.closing:
        reason = "title_copy"
        result.title = result.title or _plain(text) or None
    _metadata(token, result)
    _remove(result, writer, token.start, token.end, reason)
    if token.name in _BLOCK:
        writer.line_break(token.start)


def _remove(result: Stripped, writer: _Writer, start: int, end: int, reason: str) -> None:
    first, last = writer.source.hull(start, end)
    tail = result.removed[-1] if result.removed else None
    if tail is not None and tail.end == first and tail.reason == reason:
        result.removed[-1] = Removed(tail.start, last, reason)
    else:
        result.removed.append(Removed(first, last, reason))


def _plain(markup: str) -> str:
    return " ".join(html_entities.unescape(re.sub(r"<[^<>]*>", "", markup)).split())


def _metadata(token: Token, result: Stripped) -> None:
    if token.name != "meta":
        return
    name, content = _META_NAME.search(token.attributes), _META_CONTENT.search(token.attributes)
    if name is None or content is None:
        return
    value = _plain(content[1] or content[2] or "")
    if name[1].lower() in _TITLE_NAMES and value:
        result.title = value
    date = _ISO.search(value)
    if name[1].lower() in _DATE_NAMES and date is not None:
        result.date = f"{date[1]}-{int(date[2]):02d}-{int(date[3]):02d}"
