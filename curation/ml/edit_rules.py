"""Rules read off a correction: what did the user do to the reply? Deterministic and grounded.

A correction is the clearest feedback there is, and often the only one. Each rule says something
that holds of the corrected text and did not hold of the reply.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from curation.ml.edit_style import EMOJI, MARKUP, Correction, capital_share
from curation.ml.reply_parts import ReplyParts, parse_reply

EditRuleKey = Literal[
    "opening",
    "closing",
    "bullets",
    "sentences",
    "lower_case",
    "upper_case",
    "subject_line",
    "introduction",
    "markup",
    "emojis",
    "length",
    "wording",
]


@dataclass(frozen=True, slots=True)
class EditRulesConfig:
    """``max_rules`` of one correction. ``max_sentences``: more are a length, not a rule.
    ``short_ratio`` / ``long_ratio``: words of the corrected text per word of the reply that count
    as shorter / longer, if it is by ``min_length_words`` at least. ``max_replacements`` of at most
    ``max_phrase_words`` words each are told one by one.
    """

    max_rules: int = 5
    max_sentences: int = 5
    short_ratio: float = 0.7
    long_ratio: float = 1.3
    min_length_words: int = 5
    max_replacements: int = 3
    max_phrase_words: int = 8


@dataclass(frozen=True, slots=True)
class EditRule:
    """A rule and what it is about."""

    key: EditRuleKey
    text: str


TOKEN = re.compile(r"\w+(?:[-'’./]\w+)*|[^\w\s]")

Detector = Callable[[ReplyParts, ReplyParts, EditRulesConfig], list[EditRule]]


def rules_from_edit(
    correction: Correction, config: EditRulesConfig | None = None
) -> list[EditRule]:
    """At most ``max_rules`` affirmative rules that lead from the reply to the corrected text.

    The most telling come first: opening and closing, format, length, wording.
    """
    config = config or EditRulesConfig()
    before, after = parse_reply(correction.reply), parse_reply(correction.corrected)
    if not after.text or before.text.split() == after.text.split():
        return []
    rules = [rule for detect in DETECTORS for rule in detect(before, after, config)]
    return rules[: config.max_rules]


def _opening(before: ReplyParts, after: ReplyParts, config: EditRulesConfig) -> list[EditRule]:
    if after.opening and after.opening != before.opening:
        return [EditRule("opening", f'Begin with "{after.opening}".')]
    return []


def _closing(before: ReplyParts, after: ReplyParts, config: EditRulesConfig) -> list[EditRule]:
    if after.closing and after.closing != before.closing:
        return [EditRule("closing", f'End with "{after.closing}".')]
    return []


def _bullets(before: ReplyParts, after: ReplyParts, config: EditRulesConfig) -> list[EditRule]:
    if not after.is_bulleted:
        return []
    n_items, marker = after.n_items, after.marker
    if n_items < max(before.n_items, before.n_sentences):
        text = f'Use at most {n_items} bullet{"s"[: n_items != 1]} that start with "{marker} ".'
        return [EditRule("bullets", text)]
    if not before.is_bulleted or before.marker != marker:
        return [EditRule("bullets", f'Use bullets that start with "{marker} ".')]
    return []


def _case(before: ReplyParts, after: ReplyParts, config: EditRulesConfig) -> list[EditRule]:
    was, now = capital_share(before.text), capital_share(after.text)
    if now == 0 < was and any(map(str.islower, after.text)):
        return [EditRule("lower_case", "Write in lower case.")]
    if now == 1 > was:
        return [EditRule("upper_case", "Write in upper case.")]
    return []


def _sentences(before: ReplyParts, after: ReplyParts, config: EditRulesConfig) -> list[EditRule]:
    n_sentences = after.n_sentences
    if after.is_bulleted or not 0 < n_sentences < before.n_sentences:
        return []
    if n_sentences > config.max_sentences:
        return []
    text = f"Use at most {n_sentences} sentence{'s'[: n_sentences != 1]}."
    return [EditRule("sentences", text)]


def _frame(before: ReplyParts, after: ReplyParts, config: EditRulesConfig) -> list[EditRule]:
    rules = []
    if before.has_subject_line and not after.has_subject_line:
        rules.append(EditRule("subject_line", "Leave out the subject line."))
    if before.has_introduction and not after.has_introduction:
        rules.append(EditRule("introduction", "Start directly, without an introduction."))
    return rules


def _length(before: ReplyParts, after: ReplyParts, config: EditRulesConfig) -> list[EditRule]:
    is_bounded = bool(_sentences(before, after, config)) or after.is_bulleted
    n_before, n_after = len(before.text.split()), len(after.text.split())
    if abs(n_after - n_before) < config.min_length_words:
        return []
    ratio = n_after / max(1, n_before)
    if ratio <= config.short_ratio and not is_bounded:
        return [EditRule("length", f"Keep the answer shorter{_shorter_by(ratio)}.")]
    if ratio >= config.long_ratio and before.text:
        return [EditRule("length", f"Give a longer answer{_longer_by(ratio)}.")]
    return []


def _shorter_by(ratio: float) -> str:
    if ratio <= 0.4:
        return ", at a third of the length"
    return ", at half the length" if ratio <= 0.6 else ""


def _longer_by(ratio: float) -> str:
    if ratio >= 2.5:
        return ", three times as long"
    return ", twice as long" if ratio >= 1.7 else ""


def _decoration(before: ReplyParts, after: ReplyParts, config: EditRulesConfig) -> list[EditRule]:
    rules = []
    had_emoji, has_emoji = bool(EMOJI.search(before.text)), bool(EMOJI.search(after.text))
    if had_emoji != has_emoji:
        text = "Use emojis." if has_emoji else "Avoid emojis."
        rules.append(EditRule("emojis", text))
    if MARKUP.search(before.text) and not MARKUP.search(after.text):
        rules.append(EditRule("markup", "Write in plain text, without headings or bold."))
    return rules


def _wording(before: ReplyParts, after: ReplyParts, config: EditRulesConfig) -> list[EditRule]:
    """Single words and phrases, where the edit is made of few of them."""
    old, new = TOKEN.findall(before.body), TOKEN.findall(after.body)
    steps = SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes()
    changes = [(old[i:j], new[k:m]) for step, i, j, k, m in steps if step != "equal"]
    is_short = all(len(words) <= config.max_phrase_words for change in changes for words in change)
    if not is_short or not 0 < len(changes) <= config.max_replacements:
        return []
    texts = (_phrase_rule(" ".join(gone), " ".join(come)) for gone, come in changes)
    return [EditRule("wording", text) for text in texts if text]


def _phrase(tokens: str) -> str:
    """Tokens as one writes them, quotation marks evened out, no punctuation around."""
    text = re.sub(r"[\"“”]", "'", tokens)
    return re.sub(r"\s+(?=[,.;:!?%)\]])|(?<=[(\[])\s+", "", text).strip(" ,;:.!?-*")


def _phrase_rule(gone: str, come: str) -> str:
    gone, come = (_phrase(text) for text in (gone, come))
    if gone.casefold() == come.casefold():
        return ""
    if gone and come:
        return f'Write "{come}" instead of "{gone}".'
    return f'Include "{come}".' if come else f'Leave out "{gone}".'


DETECTORS: tuple[Detector, ...] = (
    _opening,
    _closing,
    _bullets,
    _sentences,
    _case,
    _frame,
    _length,
    _decoration,
    _wording,
)
