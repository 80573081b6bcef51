"""The distiller role: from feedback to rules (UNO §1), by the model or by extraction."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from curation.entry_text import SPOKEN_KINDS, numbered_feedback, reason_keys, spoken_feedback
from curation.ml.classifier import SentenceClassifier
from curation.ml.edit_rules import rules_from_edit
from curation.ml.edit_style import Correction
from curation.ml.extractive import extract_rules
from curation.ml.grounding import check_grounding
from curation.ml.sentences import split_sentences
from curation.models import LogEntry
from curation.roles.bindings import BoundModel
from curation.roles.sentence_model import sentence_classifier
from curation.services.embedding import embedder_name
from curation.services.flags import (
    INVALID_OUTPUT,
    NO_FEEDBACK_TEXT,
    NOTHING_ACTIONABLE,
    SATISFIED,
)
from uno_site.engine_clients import served_client
from uno_site.inference.protocol import ChatRequest, ChatResult, Sampling
from uno_site.prompts.loader import Prompt, load_prompt

FEEDBACK_RULES, PRIOR_RULES = "distiller/feedback_rules", "distiller/prior_rules"
MAX_PRIOR_RULES = 5
MAX_OUTPUT_TOKENS = 320
MAX_ANSWER_CHARS = 6_000
"""Of the query and the reply the model reads this much: feedback is about their gist."""


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """A rule on its way to its row, with what made it and the checks it failed."""

    text: str
    strategy: str
    flags: tuple[str, ...] = ()
    prompt_ref: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class Distilled:
    """What was made of one entry; ``flags`` say why, where there are no rules.

    ``kinds`` counts the sentences of its feedback by kind; None where nobody looked.
    """

    rules: list[RuleDraft] = field(default_factory=list)
    prior_rules: list[RuleDraft] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    kinds: dict[str, int] | None = None


class Distiller(Protocol):
    """Turns log entries into rules."""

    @property
    def strategy(self) -> str: ...

    def distil(self, entries: Sequence[LogEntry]) -> list[Distilled]:
        """What each entry gives, in their order."""
        ...


def edit_rules(entry: LogEntry) -> list[RuleDraft]:
    """Rules that the user's own edit shows without saying them."""
    if not entry.correction:
        return []
    rules = rules_from_edit(Correction(entry.response, entry.correction))
    return [RuleDraft(rule.text, "edit") for rule in rules]


class ExtractiveDistiller:
    """Keeps the user's own sentences, reasons and edits: grounded by construction."""

    strategy = "extractive"

    def distil(self, entries: Sequence[LogEntry]) -> list[Distilled]:
        """Rules from the feedback; no prior rules, since those need a model that writes."""
        client = served_client()
        classifier = sentence_classifier(client.embed, embedder_name())
        sentences = {s for entry in entries for s in _sentences(entry)}
        lookup = _Lookup(sorted(sentences), client.embed)
        return [self._distil(entry, classifier, lookup) for entry in entries]

    def _distil(
        self, entry: LogEntry, classifier: SentenceClassifier, lookup: _Lookup
    ) -> Distilled:
        reasons = reason_keys(entry)
        extraction = extract_rules(spoken_feedback(entry), reasons, classifier, lookup)
        drafts = [
            RuleDraft(rule.text, "reason" if rule.source in reasons else self.strategy)
            for rule in extraction.rules
        ]
        rules = _distinct([*drafts, *edit_rules(entry)])
        kinds = dict(Counter(str(prediction.kind) for _, prediction in extraction.sentences))
        flags = [] if rules else [_why_nothing(entry, set(kinds))]
        return Distilled(rules, flags=flags, kinds=kinds)


def sentence_kinds(entries: Sequence[LogEntry]) -> dict[Any, dict[str, int]]:
    """How many sentences of each entry's feedback are of which kind, by the entry's id."""
    spoken = [(entry.pk, sentence) for entry in entries for sentence in _sentences(entry)]
    found: dict[Any, Counter[str]] = {entry.pk: Counter() for entry in entries}
    if spoken:
        client, texts = served_client(), [sentence for _, sentence in spoken]
        classifier = sentence_classifier(client.embed, embedder_name())
        for (key, _), told in zip(
            spoken, classifier.predict(texts, client.embed(texts)), strict=True
        ):
            found[key][told.kind] += 1
    return {key: dict(counts) for key, counts in found.items()}


class _Lookup:
    """An embedder that was asked once for a whole batch of sentences."""

    def __init__(self, sentences: Sequence[str], embed: Any) -> None:
        rows = embed(sentences) if sentences else []
        self.rows = dict(zip(sentences, rows, strict=True))

    def __call__(self, texts: Sequence[str]) -> list[Any]:
        return [self.rows[text] for text in texts]


class GenerativeDistiller:
    """The paper's prompts on a model that passed the role's check."""

    strategy = "generative"

    def __init__(self, bound: BoundModel) -> None:
        self.bound = bound

    def distil(self, entries: Sequence[LogEntry]) -> list[Distilled]:
        """Feedback rules and prior rules, both written by the model as JSON."""
        prompt, prior = load_prompt(FEEDBACK_RULES), load_prompt(PRIOR_RULES)
        asked = [
            entry for entry in entries if any(i["kind"] in SPOKEN_KINDS for i in entry.feedback)
        ]
        requests = [self._request(prompt, _feedback_values(entry)) for entry in asked]
        requests += [self._request(prior, {"query": _cut(entry.query)}) for entry in entries]
        answers = self.bound.client.chat_many(requests)
        written = {
            entry.pk: result for entry, result in zip(asked, answers[: len(asked)], strict=True)
        }
        kinds = sentence_kinds(entries)
        return [
            replace(
                self._distilled(entry, written.get(entry.pk), result, prompt, prior),
                kinds=kinds[entry.pk],
            )
            for entry, result in zip(entries, answers[len(asked) :], strict=True)
        ]

    def _request(self, prompt: Prompt, values: dict[str, str]) -> ChatRequest:
        return ChatRequest(
            model=self.bound.model,
            messages=prompt.render(**values),
            sampling=Sampling(max_tokens=MAX_OUTPUT_TOKENS, temperature=0.0),
            json_schema=prompt.json_schema,
        )

    def _distilled(
        self,
        entry: LogEntry,
        written: ChatResult | None,
        prior_written: ChatResult,
        prompt: Prompt,
        prior: Prompt,
    ) -> Distilled:
        texts = parse_rules(written.text) if written else []
        feedback = numbered_feedback(entry)
        own = [
            self._draft(text, prompt.ref, check_flags(text, feedback, entry.query))
            for text in texts or []
        ]
        prior_texts = (parse_rules(prior_written.text) or [])[:MAX_PRIOR_RULES]
        rules = _distinct([*own, *edit_rules(entry)])
        return Distilled(
            rules=rules,
            prior_rules=[self._draft(text, prior.ref, ()) for text in prior_texts],
            flags=self._entry_flags(entry, texts, rules),
        )

    def _draft(self, text: str, ref: str, flags: tuple[str, ...]) -> RuleDraft:
        return RuleDraft(text, self.strategy, flags, ref, self.bound.model)

    @staticmethod
    def _entry_flags(entry: LogEntry, texts: list[str] | None, rules: list[RuleDraft]) -> list[str]:
        if texts is None:
            return [INVALID_OUTPUT]
        return [] if rules else [_why_nothing(entry, set())]


def parse_rules(text: str) -> list[str] | None:
    """The rules of a model's JSON; None where it does not follow the schema."""
    try:
        rules = json.loads(text)["rules"]
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(rules, list) or not all(isinstance(rule, str) for rule in rules):
        return None
    return [" ".join(rule.split()) for rule in rules if rule.strip()]


def check_flags(rule: str, feedback: str, query: str) -> tuple[str, ...]:
    """The checks that a written rule fails: degenerate, or not what the feedback says."""
    fault = check_grounding(rule, feedback, query).fault
    return (fault,) if fault else ()


def _feedback_values(entry: LogEntry) -> dict[str, str]:
    return {
        "query": _cut(entry.query),
        "answer": _cut(entry.response),
        "feedback": numbered_feedback(entry),
    }


def _cut(text: str) -> str:
    return text[:MAX_ANSWER_CHARS]


def _sentences(entry: LogEntry) -> Iterator[str]:
    for text in spoken_feedback(entry):
        yield from split_sentences(text)


def _distinct(drafts: Sequence[RuleDraft]) -> list[RuleDraft]:
    """The drafts without exact repetitions, in order."""
    return list({draft.text.casefold(): draft for draft in reversed(drafts)}.values())[::-1]


def _why_nothing(entry: LogEntry, kinds: set[Any]) -> str:
    """The reason, as a flag, why an entry gave no rules."""
    if not spoken_feedback(entry) and not entry.correction:
        liked = {"kind": "thumb", "text": "up"} in entry.feedback
        return SATISFIED if liked else NO_FEEDBACK_TEXT
    return SATISFIED if kinds == {"praise"} else NOTHING_ACTIONABLE
