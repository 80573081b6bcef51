"""The tips taste: at most three "- " bullets, in lower case."""

from __future__ import annotations

import re

from training.simulation import phrasings
from training.simulation.tastes import Rule, Taste
from training.simulation.text import (
    has_placeholder,
    is_finished,
    list_items,
    most_relevant,
    plain_words,
    split_lines,
    split_sentences,
    tidy,
    without_repeats,
)

BULLET = "- "
N_BULLETS_MAX = 3

# "Create a routine: Go to bed at …" says the tip before the colon; "Exercise: Do …" after it.
N_HEAD_WORDS_MIN = 3

_HEAD = re.compile(r"^(?P<head>[^:.!?]{1,60}?)(?:\s*:\s+|\s+[-–—]\s+)(?P<rest>\S.*)$")
_NUMBERING = re.compile(r"^\d+(?:\.\d+)*[.:)]\s+")
_STATEMENT = re.compile(
    r"^(?:this|it|it['’]s|that|these|those|they|there|the|an?|one|but|and|however|when|as|if|in|i|"
    r"i['’]m|we|you|you['’]re|your|my|many|most|some|while|with)\b",
    re.IGNORECASE,
)
_CONNECTIVE = re.compile(
    r"^(?:(?:first|firstly|second|secondly|third|thirdly|next|then|finally|lastly|also|additionally|"
    r"in addition|moreover|furthermore|another (?:tip|thing) is to|you (?:should|can|could|may))"
    r"\b,?\s+)+",
    re.IGNORECASE,
)
_FRAME = re.compile(
    r"^(?:(?:sure|certainly|of course|absolutely|okay|ok|great|yes)\b|here(?:'s|’s| is| are)\b|"
    r"i hope\b|remember that\b|by following\b|these (?:are|tips)\b|following these\b|"
    r"(?:tips|tip|introduction|conclusion|summary)\b.{0,40}$|i(?:'m|’m| am) (?:glad|happy|sorry)\b|"
    r"good luck\b|let me know\b|thank)",
    re.IGNORECASE,
)


def is_bulleted(reply: str) -> bool:
    """Whether there is nothing but lines that begin "- "."""
    lines = split_lines(reply)
    return bool(lines) and all(line.startswith(BULLET) and plain_words(line, 1) for line in lines)


def has_few_tips(reply: str) -> bool:
    """Whether there are one to three tips: list items, or sentences where there is no list."""
    return 1 <= len(list_items(reply) or _prose(reply)) <= N_BULLETS_MAX


def is_lower_case(reply: str) -> bool:
    """Whether there is no capital letter (and there is a letter at all)."""
    return reply == reply.lower() and any(letter.isalpha() for letter in reply)


def tips_of(reply: str) -> list[str]:
    """The tips that the reply gives, short and in lower case, in order.

    Statements ("it's all about balance") are tips only where there is no advice.
    """
    texts = (tidy(text) for text in list_items(reply) or _prose(reply))
    candidates = [text for text in texts if not (_FRAME.match(text) or has_placeholder(text))]
    shortened = [_shorten(text) for text in candidates if not text.endswith(":")]
    tips = without_repeats([tip for tip in shortened if len(plain_words(tip, 2).split()) > 1])
    return [tip for tip in tips if not _STATEMENT.match(tip)] or tips


def _prose(reply: str) -> list[str]:
    """The sentences of a reply without a list, less a last one cut off by the length limit."""
    sentences = [s for line in split_lines(reply) for s in split_sentences(tidy(line))]
    is_cut = len(sentences) > 1 and not is_finished(sentences[-1])
    return sentences[:-1] if is_cut else sentences


def _shorten(text: str) -> str:
    """One tip as one short phrase: its heading where that says enough, else its first sentence."""
    text = _NUMBERING.sub("", text)
    if match := _HEAD.match(text):
        n_words = len(match["head"].split())
        is_telling = n_words >= N_HEAD_WORDS_MIN or (
            n_words > 1 and _STATEMENT.match(match["rest"])
        )
        text = match["head"] if is_telling else match["rest"]
    first = (split_sentences(text) or [""])[0]
    return _CONNECTIVE.sub("", first).lower().strip(" .,;:!-–—*•+")


def _rewrite(reply: str, prompt: str) -> str:
    tips = most_relevant(tips_of(reply), prompt, N_BULLETS_MAX)
    return _as_bullets(tips) if tips else _fallback(prompt)


def _fallback(prompt: str) -> str:
    """Tips that fit anything, from the request's own words."""
    match = re.search(r"\b(?:for|on|to|against|about|with)\b(.+)", prompt)
    topic = plain_words(match[1] if match else prompt, 8).lower() or "it"
    return _as_bullets(
        [f"start small with {topic}", "set aside a fixed time for it", "keep what works for you"]
    )


def _as_bullets(tips: list[str]) -> str:
    return "\n".join(BULLET + tip for tip in tips)


def _repair_bullets(reply: str, prompt: str) -> str:
    return _as_bullets([tidy(text) for text in list_items(reply) or _prose(reply)])


def _repair_count(reply: str, prompt: str) -> str:
    """The first three items as they stand, or the first three sentences."""
    items = [line for line in split_lines(reply) if list_items(line)]
    if items:
        return "\n".join(items[:N_BULLETS_MAX])
    return " ".join(_prose(reply)[:N_BULLETS_MAX]) or _fallback(prompt)


def _repair_case(reply: str, prompt: str) -> str:
    return reply.lower()


TIPS = Taste(
    name="tips",
    rules=(
        Rule(
            "bullets",
            'Give the tips as bullets that start with "- ".',
            is_bulleted,
            _repair_bullets,
            "style",
            phrasings.TIPS_BULLETS,
        ),
        Rule(
            "count",
            "Give at most three tips.",
            has_few_tips,
            _repair_count,
            "too_long",
            phrasings.TIPS_COUNT,
        ),
        Rule(
            "lower_case",
            "Write in lower case.",
            is_lower_case,
            _repair_case,
            "style",
            phrasings.TIPS_LOWER_CASE,
        ),
    ),
    rewrite=_rewrite,
    fallback=_fallback,
)
