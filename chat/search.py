"""Searching a person's history: titles, and messages with the place that was found."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator

from chat.full_text import MAX_HITS, is_unspaced, matching, words_of
from chat.models import Conversation, Message
from chat.selectors import title_has

PAGE_SIZE = 20
MAX_TITLES = 8
#: Characters of a message that are shown around the first word that was found.
SNIPPET_CHARS = 220
_LEAD_CHARS, _NEAR_CHARS = 60, 1_000
#: Of a longer message only so much is looked through for the place to show.
MAX_SNIPPET_SOURCE = 20_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text; ``is_hit`` where it is what was looked for."""

    text: str
    is_hit: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found, with what to show of it."""

    message: Message
    snippet: list[Piece]


@dataclass(frozen=True, slots=True)
class Findings:
    """What a search found: conversations by title (the newest few), and a page of messages."""

    titles: list[tuple[Conversation, list[Piece]]]
    page: Page
    hits: list[Hit]

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found at all."""
        return not self.titles and not self.hits

    @property
    def is_capped(self) -> bool:
        """Whether there may be older messages with these words."""
        return self.page.paginator.count >= MAX_HITS


def history_search(user: Any, query: str, page: str | int | None = 1) -> Findings:
    """What of ``user``'s own conversations has every word of ``query``, newest first."""
    words = words_of(query)
    own = Conversation.objects.visible_to(user)
    named = own.filter(title_has(query))[:MAX_TITLES] if words else []
    latest = matching(user, query).order_by("-created_at").values_list("pk", flat=True)
    shown = Paginator(list(latest[:MAX_HITS]), PAGE_SIZE).get_page(page)
    messages = Message.objects.select_related("conversation").in_bulk(list(shown))
    return Findings(
        titles=[(item, pieces(item.title, words)) for item in named],
        page=shown,
        hits=[
            Hit(messages[key], snippet(messages[key].content, words))
            for key in shown
            if key in messages
        ],
    )


def snippet(text: str, words: Sequence[str]) -> list[Piece]:
    """The part of ``text`` around the first word found, as one line, with the words marked."""
    line = " ".join(text[:MAX_SNIPPET_SOURCE].split())
    first = _first_place(line, words)
    start = max(first - _LEAD_CHARS, 0)
    # Begin at a word; a script without blanks has none near.
    if start and (blank := line.find(" ", start, start + _LEAD_CHARS)) > 0:
        start = blank + 1
    cut = line[start : start + SNIPPET_CHARS]
    lead, tail = "…" if start else "", "…" if start + SNIPPET_CHARS < len(line) else ""
    return pieces(f"{lead}{cut}{tail}", words)


def _first_place(line: str, words: Sequence[str]) -> int:
    """Where the first of the words begins; 0 where none is. Mostly that is near the beginning."""
    if not words:
        return 0
    pattern = _pattern(words)
    near = pattern.search(_folded(line[:_NEAR_CHARS]))
    found = near or pattern.search(_folded(line))
    return found.start() if found else 0


def pieces(text: str, words: Sequence[str]) -> list[Piece]:
    """``text`` in pieces; those that begin like one of ``words`` are hits."""
    parts, end = [], 0
    for match in _pattern(words).finditer(_folded(text)) if words else ():
        parts.append(Piece(text[end : match.start()], False))
        parts.append(Piece(text[match.start() : match.end()], True))
        end = match.end()
    parts.append(Piece(text[end:], False))
    return [part for part in parts if part.text]


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    # Longest first: "some" would hide the rest of "something".
    ordered = sorted(map(_folded, words), key=len, reverse=True)
    return re.compile(
        "|".join(
            re.escape(word) if is_unspaced(word) else rf"\b{re.escape(word)}" for word in ordered
        )
    )


class _Folds(dict[int, str]):
    """Letters without case and accents, each found out once: a page folds many thousands."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        base = unicodedata.normalize("NFD", letter)[0].lower()
        self[code] = base if len(base) == 1 else letter
        return self[code]


_FOLDS = _Folds()


def _folded(text: str) -> str:
    """``text`` without case and accents, as long as before: places in it are places in ``text``."""
    return text.lower() if text.isascii() else text.translate(_FOLDS)
