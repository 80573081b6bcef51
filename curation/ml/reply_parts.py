"""A reply taken apart: greeting, body, sign-off, list items."""

from __future__ import annotations

import re
from dataclasses import dataclass

from curation.ml.sentences import whole_sentences

MAX_FRAME_WORDS = 5
"""A greeting or sign-off of more words is a sentence."""

GREETING = re.compile(
    r"^(?:hi|hello|hey|dear|greetings|good (?:morning|afternoon|evening|day)|hallo|liebe[rs]?"
    r"|guten (?:tag|morgen)|bonjour|hola)\b[^,.!?:\n]{0,40}[,!:]?",
    re.IGNORECASE,
)
CLOSING_WORD = re.compile(
    r"^(?:(?:best|kind|kindest|warm|warmest|many|with)\s+)*(?:regards|wishes|best|sincerely|cheers"
    r"|yours|love|thanks|thank you|respectfully|take care|see you|bye|ciao|gr(?:ü|u)(?:ß|ss)e)\b",
    re.IGNORECASE,
)
ITEM = re.compile(r"^\s*(?P<marker>[-*•–]|\d{1,2}[.)])\s+\S")
SUBJECT_LINE = re.compile(r"^\W*subject\b\W*:", re.IGNORECASE | re.MULTILINE)
INTRODUCTION = re.compile(
    r"^(?:(?:sure|certainly|of course|absolutely|great question)\b[,!.]|here(?:'s|’s| is| are)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ReplyParts:
    """``opening`` and ``closing`` in one line each, empty where there is none; ``body`` between.

    ``n_items`` list items with the ``marker`` of the first; ``is_bulleted`` when there is nothing
    but bullets. ``n_sentences`` of the body.
    """

    text: str
    opening: str
    body: str
    closing: str
    n_items: int
    marker: str
    is_bulleted: bool
    n_sentences: int
    has_subject_line: bool
    has_introduction: bool


def parse_reply(text: str) -> ReplyParts:
    """Take a reply apart; works on any text, the empty one included."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    rest = [line for line in lines if not SUBJECT_LINE.match(line)]
    opening, rest = _part_opening(rest)
    rest, closing = _part_closing(rest)
    markers = [match["marker"] for line in rest if (match := ITEM.match(line))]
    is_bulleted = bool(markers) and len(markers) == len(rest) and not markers[0][0].isdigit()
    body = "\n".join(rest)
    return ReplyParts(
        text=text.strip(),
        opening=opening,
        body=body,
        closing=closing,
        n_items=len(markers),
        marker=markers[0] if markers else "",
        is_bulleted=is_bulleted and not opening and not closing,
        n_sentences=len(whole_sentences(body)),
        has_subject_line=bool(SUBJECT_LINE.search(text)),
        has_introduction=bool(lines) and bool(INTRODUCTION.match(lines[0])),
    )


def _part_opening(lines: list[str]) -> tuple[str, list[str]]:
    """The greeting and the lines after it; what follows a greeting in its line stays."""
    match = GREETING.match(lines[0]) if lines else None
    if match is None or len(match[0].split()) > MAX_FRAME_WORDS:
        return "", lines
    left = lines[0][match.end() :].strip()
    if left and match[0][-1] not in ",!:":
        return "", lines
    return match[0].strip(), ([left] if left else []) + lines[1:]


def _part_closing(lines: list[str]) -> tuple[list[str], str]:
    """The lines before the sign-off, and the sign-off; a name below it belongs to it."""
    for n_lines in (2, 1):
        tail = lines[-n_lines:]
        if len(lines) > n_lines and _is_closing(tail):
            return lines[:-n_lines], " ".join(tail)
    return lines, ""


def _is_closing(tail: list[str]) -> bool:
    are_short = all(len(line.split()) <= MAX_FRAME_WORDS and not ITEM.match(line) for line in tail)
    return are_short and bool(CLOSING_WORD.match(tail[0])) and not tail[-1].endswith(("?", ":"))
