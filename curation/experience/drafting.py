"""From episodes to drafts of notes: by the distiller role's strategies, and by what users state."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Protocol, get_args

from curation.entry_text import numbered_feedback
from curation.experience.episodes import EpisodeText
from curation.experience.options import MAX_ITEMS
from curation.ml.experience.drafts import (
    Heard,
    Kind,
    NoteDraft,
    distinct,
    fact_drafts,
    rule_drafts,
    success_drafts,
    trigger_of,
)
from curation.models import RoleName
from curation.roles.bindings import BoundModel, bound_model
from curation.roles.distillers import MAX_ANSWER_CHARS, Distiller, ExtractiveDistiller
from curation.roles.resolve import active_strategy
from uno_site.inference.protocol import ChatRequest, Sampling
from uno_site.prompts.loader import load_prompt

EXPERIENCES = "distiller/experiences"
MAX_OUTPUT_TOKENS = 320


class Drafter(Protocol):
    """Makes drafts of episodes; each list in their order, the weightiest drafts first."""

    def draft(self, texts: Sequence[EpisodeText]) -> list[list[NoteDraft]]: ...


class ExtractiveDrafter:
    """What users stated, and the rules that the extractive distiller finds."""

    def __init__(self, distiller: Distiller | None = None) -> None:
        self.distiller = distiller or ExtractiveDistiller()

    def draft(self, texts: Sequence[EpisodeText]) -> list[list[NoteDraft]]:
        """Facts first, then rules, then what worked."""
        found = self.distiller.distil([text.entry for text in texts])
        rules = [[(rule.text, rule.strategy) for rule in one.rules] for one in found]
        return [_drafts(text.heard, own) for text, own in zip(texts, rules, strict=True)]


def _drafts(heard: Heard, rules: Sequence[tuple[str, str]]) -> list[NoteDraft]:
    facts = fact_drafts(heard)
    return distinct([*facts, *rule_drafts(heard, rules, facts), *success_drafts(heard)], MAX_ITEMS)


class GenerativeDrafter:
    """Notes that a model writes which passed the distiller's check; stated facts come first."""

    def __init__(self, bound: BoundModel) -> None:
        self.bound = bound

    def draft(self, texts: Sequence[EpisodeText]) -> list[list[NoteDraft]]:
        """One question to the model for each episode; an answer that is no JSON gives nothing."""
        answers = self.bound.client.chat_many([self._request(text) for text in texts])
        return [
            distinct(
                [
                    *fact_drafts(text.heard),
                    *self._drafts(text, answer.text),
                    *success_drafts(text.heard),
                ],
                MAX_ITEMS,
            )
            for text, answer in zip(texts, answers, strict=True)
        ]

    def _request(self, text: EpisodeText) -> ChatRequest:
        prompt = load_prompt(EXPERIENCES)
        reaction = numbered_feedback(text.entry)
        if text.heard.correction:
            reaction += f"\nThe user's own answer: {text.heard.correction[:MAX_ANSWER_CHARS]}"
        return ChatRequest(
            model=self.bound.model,
            messages=prompt.render(
                query=text.heard.query[:MAX_ANSWER_CHARS],
                answer=text.heard.reply[:MAX_ANSWER_CHARS],
                reaction=reaction.strip() or "The user liked the answer.",
            ),
            sampling=Sampling(max_tokens=MAX_OUTPUT_TOKENS, temperature=0.0),
            json_schema=prompt.json_schema,
        )

    def _drafts(self, text: EpisodeText, answer: str) -> list[NoteDraft]:
        ref = load_prompt(EXPERIENCES).ref
        return [
            NoteDraft(
                kind,
                trigger_of(text.heard.query),
                note,
                "generative",
                prompt_ref=ref,
                model=self.bound.model,
            )
            for kind, note in parse_notes(answer)
        ]


def parse_notes(answer: str) -> list[tuple[Kind, str]]:
    """The notes of a model's JSON; none where it does not follow the schema."""
    try:
        notes = json.loads(answer)["notes"]
        pairs = [(note["kind"], " ".join(note["note"].split())) for note in notes]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []
    return [(kind, note) for kind, note in pairs if kind in get_args(Kind)]


def resolve_drafter() -> Drafter:
    """By what the distiller role's last checks left standing."""
    if active_strategy(RoleName.DISTILLER) == "generative":
        return GenerativeDrafter(bound_model(RoleName.DISTILLER))
    return ExtractiveDrafter()
