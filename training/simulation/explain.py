"""The explanation taste: "Short answer:" first, at most two sentences, no lists."""

from __future__ import annotations

import re

from training.simulation import phrasings
from training.simulation.tastes import Rule, Taste
from training.simulation.text import (
    finish,
    has_placeholder,
    is_finished,
    list_items,
    list_texts,
    most_relevant,
    plain_words,
    sentences_of,
    split_lines,
    without_repeats,
)

LABEL = "Short answer:"
N_SENTENCES_MAX = 2

_MARKUP = re.compile(r"\*\*|^#{1,6}\s|^\s*>\s", re.MULTILINE)
_FRAME = re.compile(
    r"^(?:sure|certainly|of course|great question|here(?:'s| is| are)\b|let me\b|i hope\b|"
    r"(?:in )?(?:conclusion|summary)\b)",
    re.IGNORECASE,
)


def begins_with_label(reply: str) -> bool:
    """Whether the reply begins "Short answer:" and goes on."""
    return reply.startswith(LABEL) and bool(plain_words(reply[len(LABEL) :], 1))


def is_brief(reply: str) -> bool:
    """Whether there are one or two sentences, the label not counted."""
    return 1 <= len(sentences_of(_unlabelled(reply))) <= N_SENTENCES_MAX


def is_plain(reply: str) -> bool:
    """Whether there is neither a list nor a heading nor bold text."""
    return bool(reply.strip()) and not list_items(reply) and not _MARKUP.search(reply)


def _unlabelled(reply: str) -> str:
    return reply.lstrip().removeprefix(LABEL)


def statements_of(reply: str) -> list[str]:
    """What the reply states: whole sentences without frame."""
    sentences = sentences_of(_unlabelled(reply))
    if len(sentences) > 1 and not is_finished(sentences[-1]):
        sentences.pop()  # cut off by the length limit
    return without_repeats([finish(text) for text in sentences if _says_something(text)])


def _says_something(text: str) -> bool:
    is_open = text.endswith(":") or has_placeholder(text)
    return not is_open and not _FRAME.match(text) and len(plain_words(text, 4).split()) > 3


def _rewrite(reply: str, prompt: str) -> str:
    # The first sentences of an explanation say most; of those the ones about the question.
    statements = most_relevant(statements_of(reply)[:6], prompt, N_SENTENCES_MAX)
    return f"{LABEL} {' '.join(statements)}" if statements else _fallback(prompt)


def _fallback(prompt: str) -> str:
    return f"{LABEL} I do not know much about {plain_words(prompt, 12).lower() or 'this'}."


def _repair_label(reply: str, prompt: str) -> str:
    return f"{LABEL} {reply.strip()}" if reply.strip() else _fallback(prompt)


def _repair_length(reply: str, prompt: str) -> str:
    kept = " ".join(statements_of(reply)[:N_SENTENCES_MAX])
    label = f"{LABEL} " if reply.startswith(LABEL) else ""
    return f"{label}{kept}" if kept else _fallback(prompt)


def _repair_lists(reply: str, prompt: str) -> str:
    prose = [line for line in split_lines(reply) if not list_items(line)]
    texts = [*prose, *map(finish, list_texts(reply))]
    return _MARKUP.sub("", "\n\n".join(texts)) or _fallback(prompt)


EXPLAIN = Taste(
    name="explain",
    rules=(
        Rule(
            "answer_first",
            'Begin with "Short answer:" and the answer.',
            begins_with_label,
            _repair_label,
            "style",
            phrasings.EXPLAIN_FIRST,
        ),
        Rule(
            "brevity",
            "Explain in at most two sentences.",
            is_brief,
            _repair_length,
            "too_long",
            phrasings.EXPLAIN_BRIEF,
        ),
        Rule(
            "plain",
            "Use neither lists nor headings.",
            is_plain,
            _repair_lists,
            "style",
            phrasings.EXPLAIN_PLAIN,
        ),
    ),
    rewrite=_rewrite,
    fallback=_fallback,
)
