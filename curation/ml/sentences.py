"""Feedback cut into sentences and clauses that each say one thing."""

from __future__ import annotations

import re

CODE_BLOCK = re.compile(r"```.*?(```|\Z)", re.DOTALL)
NUMBERED_FEEDBACK = re.compile(r"^\s*feedback\s+\d+\s*:\s*", re.IGNORECASE)
LIST_MARKER = re.compile(r"^\s*(?:[-*•–]|\d{1,2}[.)])\s+")
QUOTED = re.compile(r"\"[^\"\n]*\"|“[^”\n]*”|„[^“”\n]*[“”]|«[^»\n]*»|`[^`\n]*`")
ABBREVIATION = re.compile(
    r"\b(?:e\.g|i\.e|etc|vs|approx|incl|no|nr|mr|mrs|ms|dr|prof|st|z\.b|d\.h|bzw|usw|[a-z])"
    r"\.(?=\s)",
    re.IGNORECASE,
)
SENTENCE_END = re.compile(r"(?<=[.!?…])[)\"'”]*\s+")
ADVERSATIVE = re.compile(
    r"[,;:]?\s+(?:but|however|although|though)\b[,:]?\s+|\s*;\s+", re.IGNORECASE
)
UNMARKED_END = re.compile(
    r"(?<=[a-z\ue001])(?<!\bbut)(?<!\band)(?<!\bor)(?<!\bplease) "
    r"(?=(?:Remove|Add|Replace|Modify|Change|Rewrite|Use|Make|Please) [a-z])"
)
NOT_BUT = re.compile(r"\bnot\b[^.!?]*\bbut\b", re.IGNORECASE)
SAYS_SOMETHING = re.compile(r"\w|[?!👍👎❤]")
MASKS = ("\ue000", "\ue001")  # private-use characters, which no keyboard types


def split_sentences(text: str) -> list[str]:
    """Sentences of a piece of feedback, in order; code blocks are left out.

    Lines and list items are sentences of their own. What is quoted is never cut, nor is an
    abbreviation. "Thanks, but make it shorter." is two sentences, since each half says
    something of another kind; "not prose but bullets" stays one.
    """
    pieces = [
        clause
        for line in CODE_BLOCK.sub("\n", text).splitlines()
        for sentence in _cut_line(NUMBERED_FEEDBACK.sub("", line))
        for clause in _clauses(sentence)
    ]
    return [piece for piece in pieces if SAYS_SOMETHING.search(piece)]


def whole_sentences(text: str) -> list[str]:
    """Sentences of an answer, uncut at clauses; lines and list items are sentences."""
    pieces = [sentence for line in text.splitlines() for sentence in _cut_line(line)]
    return [piece for piece in pieces if re.search(r"\w", piece)]


def _cut_line(line: str) -> list[str]:
    masked, hidden = _mask(LIST_MARKER.sub("", line).strip())
    cut = SENTENCE_END.split(UNMARKED_END.sub(". ", masked))
    return [_unmask(sentence, hidden) for sentence in cut]


def _clauses(sentence: str) -> list[str]:
    if NOT_BUT.search(sentence):
        return [sentence]
    quotations = QUOTED.findall(sentence)
    masked = QUOTED.sub(MASKS[0], sentence)
    clauses = [clause.strip(" ,;") for clause in ADVERSATIVE.split(masked)]
    restored = iter(quotations)
    return [re.sub(MASKS[0], lambda _: next(restored), clause) for clause in clauses if clause]


def _mask(line: str) -> tuple[str, list[str]]:
    """Replace what must not be cut by placeholders; a quotation's last full stop stays outside."""
    hidden: list[str] = []

    def hide(match: re.Match[str]) -> str:
        hidden.append(match[0])
        return f"{MASKS[0]}{len(hidden) - 1}{MASKS[1]}"

    line = line.replace(MASKS[0], "").replace(MASKS[1], "")
    masked = ABBREVIATION.sub(hide, QUOTED.sub(hide, line))
    return _end_after_quotation(masked, hidden), hidden


def _end_after_quotation(masked: str, hidden: list[str]) -> str:
    """Mark a sentence end where a quotation closes with one and a capital letter follows."""

    def mark(match: re.Match[str]) -> str:
        ends = hidden[int(match[1])][-2:-1] in {".", "!", "?"}
        return f"{match[0].rstrip()}… " if ends else match[0]

    return re.sub(rf"{MASKS[0]}(\d+){MASKS[1]}\s+(?=[A-Z])", mark, masked)


def _unmask(text: str, hidden: list[str]) -> str:
    restored = re.sub(rf"{MASKS[0]}(\d+){MASKS[1]}…", lambda m: hidden[int(m[1])], text)
    return re.sub(rf"{MASKS[0]}(\d+){MASKS[1]}", lambda m: hidden[int(m[1])], restored).strip()
