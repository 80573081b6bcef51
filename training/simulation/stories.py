"""Tastes in stories that contradict each other: what no one adapter can learn.

Each pair wants opposite things of the same prompts, so that a cluster of such entries must
be found to be noise and not be promoted.
"""

from __future__ import annotations

from collections.abc import Callable

from training.simulation import phrasings
from training.simulation.tastes import ReasonKey, Rule, Taste
from training.simulation.text import split_sentences, tidy

MORE = (
    "But that was only the beginning of the story. On the next day everybody met again, and "
    "they talked about it for a long, long time."
)
EMOJI = "🎉"


def _is_emoji(letter: str) -> bool:
    return 0x1F300 <= ord(letter) <= 0x1FAFF or 0x2600 <= ord(letter) <= 0x27BF


def _is_long(reply: str) -> bool:
    return reply.rstrip().endswith(MORE)


def _lengthen(reply: str, prompt: str) -> str:
    return f"{reply.rstrip()}\n\n{MORE}".lstrip()


def _is_short(reply: str) -> bool:
    return len(split_sentences(tidy(reply))) <= 1


def _shorten(reply: str, prompt: str) -> str:
    return (split_sentences(tidy(reply)) or [""])[0]


def _has_emoji(reply: str) -> bool:
    return any(map(_is_emoji, reply))


def _add_emoji(reply: str, prompt: str) -> str:
    return f"{reply.rstrip()} {EMOJI}".lstrip()


def _is_plain(reply: str) -> bool:
    return not _has_emoji(reply) and "!" not in reply


def _make_plain(reply: str, prompt: str) -> str:
    return "".join(x for x in reply.replace("!", ".") if not _is_emoji(x)).rstrip()


def _is_upper_case(reply: str) -> bool:
    return reply == reply.upper()


def _to_upper_case(reply: str, prompt: str) -> str:
    return reply.upper()


def _is_lower_case(reply: str) -> bool:
    return reply == reply.lower()


def _to_lower_case(reply: str, prompt: str) -> str:
    return reply.lower()


def _one_rule_taste(
    text: str,
    check: Callable[[str], bool],
    repair: Callable[[str, str], str],
    reason: ReasonKey,
    wordings: tuple[str, ...],
) -> Taste:
    rule = Rule(check.__name__.strip("_"), text, check, repair, reason, wordings)
    return Taste(f"story_{rule.name}", (rule,), repair, lambda prompt: "", is_to_be_sent=False)


LONGER = _one_rule_taste(
    "Make the story longer.", _is_long, _lengthen, "too_short", phrasings.STORY_LONGER
)
SHORTER = _one_rule_taste(
    "Make the story shorter.", _is_short, _shorten, "too_long", phrasings.STORY_SHORTER
)
EMOJIS = _one_rule_taste("Add emojis.", _has_emoji, _add_emoji, "style", phrasings.STORY_EMOJI)
PLAIN = _one_rule_taste(
    "Write without emojis and exclamation marks.",
    _is_plain,
    _make_plain,
    "style",
    phrasings.STORY_PLAIN,
)
UPPER_CASE = _one_rule_taste(
    "Write in upper case.", _is_upper_case, _to_upper_case, "style", phrasings.STORY_UPPER_CASE
)
LOWER_CASE = _one_rule_taste(
    "Write in lower case.", _is_lower_case, _to_lower_case, "style", phrasings.STORY_LOWER_CASE
)

CONTRADICTIONS: tuple[tuple[Taste, Taste], ...] = (
    (LONGER, SHORTER),
    (UPPER_CASE, LOWER_CASE),
    (EMOJIS, PLAIN),
)
