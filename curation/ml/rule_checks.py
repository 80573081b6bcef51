"""Does a reply obey a rule? For the rules that a program can check; the others stay open.

The wordings are those of :mod:`curation.ml.edit_rules`, which reads rules off corrections. A rule
in anybody's own words is no business of this module: it answers None, and nobody guesses.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from curation.ml.edit_style import EMOJI, MARKUP
from curation.ml.reply_parts import ReplyParts, parse_reply

Check = Callable[[ReplyParts, re.Match[str]], bool]


def obeys_rule(rule: str, reply: str) -> bool | None:
    """Whether ``reply`` does what ``rule`` says; None where no program can tell.

    An empty reply obeys nothing.
    """
    for wording, check in CHECKS:
        found = wording.fullmatch(rule.strip())
        if found is not None:
            parts = parse_reply(reply)
            return bool(parts.text) and check(parts, found)
    return None


def rules_obeyed(rules: list[str] | tuple[str, ...], reply: str) -> float | None:
    """The share of the checkable rules that a reply obeys, in [0, 1]; None without any."""
    found = [held for rule in rules if (held := obeys_rule(rule, reply)) is not None]
    return sum(found) / len(found) if found else None


def _begins(parts: ReplyParts, rule: re.Match[str]) -> bool:
    return parts.text.startswith(rule[1])


def _ends(parts: ReplyParts, rule: re.Match[str]) -> bool:
    return " ".join(parts.text.split()).endswith(" ".join(rule[1].split()))


def _bullets(parts: ReplyParts, rule: re.Match[str]) -> bool:
    is_short = rule["most"] is None or parts.n_items <= int(rule["most"])
    return parts.is_bulleted and parts.marker == rule["marker"] and is_short


def _sentences(parts: ReplyParts, rule: re.Match[str]) -> bool:
    return 0 < parts.n_sentences <= int(rule[1])


def _case(parts: ReplyParts, rule: re.Match[str]) -> bool:
    cased = parts.text.lower() if rule[1] == "lower" else parts.text.upper()
    return parts.text == cased


def _emojis(parts: ReplyParts, rule: re.Match[str]) -> bool:
    return bool(EMOJI.search(parts.text)) == (rule[1] == "Use")


def _includes(parts: ReplyParts, rule: re.Match[str]) -> bool:
    return rule[1].casefold() in parts.text.casefold()


def _leaves_out(parts: ReplyParts, rule: re.Match[str]) -> bool:
    return not _includes(parts, rule)


def _replaces(parts: ReplyParts, rule: re.Match[str]) -> bool:
    return rule[2].casefold() not in parts.text.casefold()


CHECKS: tuple[tuple[re.Pattern[str], Check], ...] = (
    (re.compile(r'Begin with "(.+)"\.'), _begins),
    (re.compile(r'End with "(.+)"\.'), _ends),
    (
        re.compile(
            r"Use (?:at most (?P<most>\d+) bullets?|bullets) that starts? with "
            r'"(?P<marker>\S+) "\.'
        ),
        _bullets,
    ),
    (re.compile(r"Use at most (\d+) sentences?\."), _sentences),
    (re.compile(r"Write in (lower|upper) case\."), _case),
    (
        re.compile(r"Leave out the subject line\."),
        lambda parts, rule: not parts.has_subject_line,
    ),
    (
        re.compile(r"Start directly, without an introduction\."),
        lambda parts, rule: not parts.has_introduction,
    ),
    (
        re.compile(r"Write in plain text, without headings or bold\."),
        lambda parts, rule: not MARKUP.search(parts.text),
    ),
    (re.compile(r"(Use|Avoid) emojis\."), _emojis),
    (re.compile(r'Include "(.+)"\.'), _includes),
    (re.compile(r'Leave out "(.+)"\.'), _leaves_out),
    (re.compile(r'Write "(.+)" instead of "(.+)"\.'), _replaces),
)
