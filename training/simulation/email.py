"""The e-mail taste: "Hi,", at most two sentences, "Cheers, Ana"."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from training.simulation import phrasings
from training.simulation.tastes import Rule, Taste
from training.simulation.text import (
    finish,
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

GREETING = "Hi,"
SIGN_OFF = "Cheers, Ana"
N_SENTENCES_MAX = 2

_GREETING_LINE = re.compile(
    r"^(?:dear|hi|hello|hey|greetings|good (?:morning|afternoon|evening|day)|to whom)\b"
    r"(?:[^,.!?:\n]{0,40}|.{0,25})[,.!:]?$",
    re.IGNORECASE,
)
_GREETING_START = re.compile(r"^(?:dear|hi|hello|hey)\b[^,.!?:]{0,40}[,!:]\s+(?=\S)", re.IGNORECASE)
_SIGN_OFF_LINE = re.compile(
    r"^(?:(?:(?:best|kind|kindest|warm|warmest|with)\W+){0,2}(?:regards|wishes)|best|sincerely|"
    r"cheers|yours(?: \w+)?|respectfully|love|many thanks|thanks|thank you|cordially|"
    r"take care|see you|warmly)(?:[,.!]?|[,.!]\s*[\w\[\] .']{0,40})$",
    re.IGNORECASE,
)
_ENDS_AS_WISHED = re.compile(r"Cheers,\s+Ana\s*$")
# What stands around a message rather than in it.
_FRAME = re.compile(
    r"^(?:(?:sure|certainly|of course|absolutely|okay|ok)\b.{0,60}$|here(?:'s|’s| is| are)\b|"
    r"subject\b|(?:re|to|from|at|date|cc|e-?mail|phone|note):|p\.?\s?s\.?\b|"
    r"i hope (?:this|you|all)\b|"
    r"hope you\b|thank you (?:very |so )?(?:much )?for your (?:time|attention|consideration|under)|"
    r"(?:i am |i'm |we are )?looking forward\b|please find (?:below|attached)\b|"
    r"if you have any (?:further |other |more )?(?:questions|concerns)\b|note:|---)",
    re.IGNORECASE,
)

# From a request ("… asking for a refund") to what a person would write in a line.
_REQUESTS = (
    (re.compile(r"\bthank(?:ing)? (?:\w+) (for .+)"), "Thank you {}. I am very glad about it."),
    (re.compile(r"\babout (\w.+)"), "I am writing about {}. Please let me know what you think."),
    (
        re.compile(r"\basking (?!him|her|them)(\w.+)"),
        "I wanted to ask {}. Thank you already.",
    ),
    (
        re.compile(r"\bto (?!(?:the|my|a|an|our|his|her|all|every\w*)\b)([a-z].+)"),
        "I would like to {}. Please let me know if that suits you.",
    ),
    (re.compile(r", (\w.+)"), "I am writing because {}. Please let me know what to do."),
)


@dataclass(frozen=True, slots=True)
class EmailParts:
    """The lines of an e-mail: up to its greeting, its message, from its sign-off on."""

    opening: tuple[str, ...]
    body: tuple[str, ...]
    closing: tuple[str, ...]

    def render(self) -> str:
        """The parts as a text, blocks parted by empty lines."""
        closing = "\n".join(self.closing)
        return "\n\n".join(block for block in (*self.opening, *self.body, closing) if block)


def parse_email(reply: str) -> EmailParts:
    """Cut a reply into greeting, message and sign-off; any of them may be missing."""
    lines = _part_greeting(split_lines(reply))
    greeted = next((i for i, line in enumerate(lines[:6]) if is_greeting(line)), None)
    start = 0 if greeted is None else greeted + 1
    while greeted is None and start < len(lines) and _FRAME.match(tidy(lines[start])):
        start += 1
    end = next((i for i in range(start, len(lines)) if is_sign_off(lines[i])), len(lines))
    return EmailParts(tuple(lines[:start]), tuple(lines[start:end]), tuple(lines[end:]))


def is_greeting(line: str) -> bool:
    """Whether the whole line is a greeting ("Dear Mr Smith,")."""
    return bool(_GREETING_LINE.match(tidy(line)))


def is_sign_off(line: str) -> bool:
    """Whether the whole line is a sign-off ("Best regards,")."""
    return bool(_SIGN_OFF_LINE.match(tidy(line)))


def count_sentences(reply: str) -> int:
    """Sentences between greeting and sign-off, and any that follow the sign-off."""
    parts = parse_email(reply)
    after = [line for line in parts.closing[1:] if len(line.split()) > 4]
    before = [] if parts.opening and is_greeting(parts.opening[0]) else parts.opening[:-1]
    return sum(len(split_sentences(line)) for line in (*before, *parts.body, *after))


def begins_with_hi(reply: str) -> bool:
    """Whether the first line begins "Hi,"."""
    return reply.lstrip().startswith(GREETING)


def is_brief(reply: str) -> bool:
    """Whether the message has one or two sentences."""
    return 1 <= count_sentences(reply) <= N_SENTENCES_MAX


def ends_with_cheers(reply: str) -> bool:
    """Whether the reply ends "Cheers, Ana" (a line break after the comma is fine)."""
    return bool(_ENDS_AS_WISHED.search(reply))


def message_sentences(reply: str) -> list[str]:
    """What the e-mail says: its sentences without frame, pleasantries and placeholders."""
    lines = parse_email(reply).body
    texts = (items[0] if (items := list_items(line)) else line for line in lines)
    sentences = [sentence for text in texts for sentence in split_sentences(tidy(text))]
    if len(sentences) > 1 and not is_finished(sentences[-1]):
        sentences.pop()  # cut off by the length limit
    return without_repeats(
        [finish(sentence) for sentence in sentences if _says_something(sentence)]
    )


def _says_something(sentence: str) -> bool:
    is_frame = _FRAME.match(sentence) or is_greeting(sentence) or is_sign_off(sentence)
    is_open = sentence.endswith(":") or has_placeholder(sentence)
    return not is_frame and not is_open and len(plain_words(sentence, 3).split()) > 2


def _part_greeting(lines: list[str]) -> list[str]:
    """Set a greeting on the line of its message ("Hi, I write …") on a line of its own."""
    for i, line in enumerate(lines[:6]):
        if not is_greeting(line) and (match := _GREETING_START.match(line)):
            return [*lines[:i], line[: match.end()].strip(), line[match.end() :], *lines[i + 1 :]]
    return lines


def _shorten(reply: str, prompt: str) -> str:
    """The sentences of the message that matter most; the prompt's own words if there are none."""
    sentences = most_relevant(message_sentences(reply), prompt, N_SENTENCES_MAX)
    return " ".join(sentences) or _message_from(prompt)


def _rewrite(reply: str, prompt: str) -> str:
    return _frame(_shorten(reply, prompt))


def _fallback(prompt: str) -> str:
    return _frame(_message_from(prompt))


def _frame(message: str) -> str:
    return f"{GREETING}\n\n{message}\n\n{SIGN_OFF}"


def _message_from(prompt: str) -> str:
    """A message from the request alone: the first pattern that fits says what it is about."""
    for pattern, message in _REQUESTS:
        if match := pattern.search(prompt):
            return message.format(plain_words(match[1], 12))
    topic = plain_words(re.sub(r"^.*?\be-?mail\b", "", prompt), 12)
    return f"I have a question {topic}.".replace(" .", ".")


def _repair_greeting(reply: str, prompt: str) -> str:
    return replace(parse_email(reply), opening=(GREETING,)).render()


def _repair_length(reply: str, prompt: str) -> str:
    parts = parse_email(reply)
    return EmailParts(parts.opening[-1:], (_shorten(reply, prompt),), parts.closing[:2]).render()


def _repair_sign_off(reply: str, prompt: str) -> str:
    return replace(parse_email(reply), closing=(SIGN_OFF,)).render()


EMAIL = Taste(
    name="email",
    rules=(
        Rule(
            "greeting",
            'Begin the e-mail with "Hi,".',
            begins_with_hi,
            _repair_greeting,
            "style",
            phrasings.EMAIL_GREETING,
        ),
        Rule(
            "brevity",
            "Write at most two sentences.",
            is_brief,
            _repair_length,
            "too_long",
            phrasings.EMAIL_BREVITY,
        ),
        Rule(
            "sign_off",
            'End the e-mail with "Cheers, Ana".',
            ends_with_cheers,
            _repair_sign_off,
            "style",
            phrasings.EMAIL_SIGN_OFF,
        ),
    ),
    rewrite=_rewrite,
    fallback=_fallback,
)
