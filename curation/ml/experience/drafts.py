"""What one episode teaches, before it is checked: at most a few notes, facts first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from curation.ml.edit_rules import rules_from_edit
from curation.ml.edit_style import Correction
from curation.ml.experience.facts import facts_corrected, facts_said
from curation.ml.experience.stripping import repeats
from curation.ml.grounding import CONCEPTS, content_stems
from curation.ml.sentences import whole_sentences

Kind = Literal["rule", "strategy", "pitfall", "fact", "preference"]

MAX_TRIGGER_CHARS = 300
MAX_SUCCESS_CHARS = 240
"""A longer reply that was liked is no note."""
CORRECTION = "Take this correction into account: "
REPLACED = re.compile(r'Write "(.+)" instead of "(.+)"\.')
"""The rule of an edit that put one thing for another (:mod:`curation.ml.edit_rules`)."""
LOOKS = frozenset(CONCEPTS.values())
"""What a wish about length, tone or format is made of: a preference, whatever is asked."""
IMPORTANCE: dict[Kind, float] = {
    "fact": 0.8,
    "pitfall": 0.7,
    "rule": 0.6,
    "strategy": 0.4,
    "preference": 0.5,
}


@dataclass(frozen=True, slots=True)
class Heard:
    """One episode in words, without system prompt and without what notes made the reply say.

    ``sayings`` are the user's follow-ups and comments; ``correction`` their own answer;
    ``preferred`` the reply they liked better; ``is_liked`` an explicit thumb. ``notes`` stood
    before the model.
    """

    query: str
    reply: str
    sayings: tuple[str, ...] = ()
    correction: str = ""
    preferred: str = ""
    is_liked: bool = False
    notes: tuple[str, ...] = ()

    @property
    def sources(self) -> list[str]:
        """What a note may rest on: the user's words; the reply's where the user liked it."""
        liked = [self.reply] if self.is_liked else []
        return [self.query, *self.sayings, self.correction, self.preferred, *liked]


@dataclass(frozen=True, slots=True)
class NoteDraft:
    """A note that may be kept. ``source`` is the text it was taken from, where it stands as such;
    ``strategy`` what wrote it; ``prompt_ref`` and ``model`` where a model did."""

    kind: Kind
    trigger: str
    content: str
    strategy: str
    source: str = ""
    prompt_ref: str = ""
    model: str = ""

    @property
    def importance(self) -> float:
        """In [0, 1], by kind."""
        return IMPORTANCE[self.kind]


def trigger_of(query: str) -> str:
    """What a note is found by: the question, without what was pasted around it if it is long."""
    text = " ".join(query.split())
    if len(text) <= MAX_TRIGGER_CHARS:
        return text
    asked = [sentence for sentence in whole_sentences(query) if sentence.rstrip().endswith("?")]
    chosen = " ".join((asked[-1] if asked else text).split())
    return (
        chosen[:MAX_TRIGGER_CHARS].rsplit(" ", 1)[0] if len(chosen) > MAX_TRIGGER_CHARS else chosen
    )


def fact_drafts(heard: Heard) -> list[NoteDraft]:
    """Facts that the user stated, in what they said and in their own answer."""
    said = facts_said(heard.query, heard.sayings)
    edited = facts_corrected(heard.query, heard.reply, heard.correction) if heard.correction else []
    return [_draft("fact", heard, text, "stated") for text in dict.fromkeys([*said, *edited])]


def rule_drafts(
    heard: Heard, rules: Sequence[tuple[str, str]], facts: Sequence[NoteDraft] = ()
) -> list[NoteDraft]:
    """Notes of the distiller's rules, each (text, strategy); a plain complaint is a pitfall.

    A correction that only put one word for another is no rule where one of the ``facts`` says it.
    """
    drafts = []
    for text, strategy in rules:
        put_right = REPLACED.fullmatch(text)
        if put_right and any(put_right[1] in fact.content for fact in facts):
            continue
        if text.startswith(CORRECTION):
            drafts.append(_draft("pitfall", heard, text.removeprefix(CORRECTION), strategy))
        else:
            drafts.append(_draft(_kind_of(text), heard, text, strategy))
    return drafts


def success_drafts(heard: Heard) -> list[NoteDraft]:
    """What worked: how the reply that was liked better differs, or a short reply that was liked."""
    if heard.preferred:
        rules = rules_from_edit(Correction(heard.reply, heard.preferred))
        return [_draft("strategy", heard, rule.text, "preferred") for rule in rules]
    reply = " ".join(heard.reply.split())
    is_own = not any(repeats(sentence, heard.notes) for sentence in whole_sentences(heard.reply))
    if heard.is_liked and is_own and content_stems(reply) and len(reply) <= MAX_SUCCESS_CHARS:
        return [_draft("strategy", heard, f"This answer was found good: {reply}", "liked", reply)]
    return []


def _draft(kind: Kind, heard: Heard, text: str, strategy: str, source: str = "") -> NoteDraft:
    return NoteDraft(kind, trigger_of(heard.query), text.strip(), strategy, source or text)


def _kind_of(rule: str) -> Kind:
    stems = content_stems(re.sub(r"\"[^\"]*\"", "", rule))
    return "preference" if stems and len(stems & LOOKS) * 2 >= len(stems) else "rule"


def distinct(drafts: Sequence[NoteDraft], limit: int) -> list[NoteDraft]:
    """The first ``limit`` drafts that do not say again what one before them says."""
    kept: list[NoteDraft] = []
    for draft in drafts:
        if not repeats(draft.content, [other.content for other in kept]) and draft.content:
            kept.append(draft)
    return kept[:limit]
