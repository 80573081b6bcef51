"""The extractive distiller: rules taken from what users wrote, grounded by construction.

The fallback of the distiller role for models that cannot write rules (UNO, "Small models").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from curation.ml.classifier import Embed, SentenceClassifier, SentenceKind, SentencePrediction
from curation.ml.grounding import grounded_share
from curation.ml.imperatives import to_rules
from curation.ml.patterns import matched_rules
from curation.ml.sentences import split_sentences

REASON_RULES: Mapping[str, str] = MappingProxyType(
    {
        "too_long": "Keep the answer shorter.",
        "too_short": "Give a longer answer.",
        "wrongly_refused": "Answer the request instead of refusing it.",
    }
)
"""Reason chips that say what to do. The others (inaccurate, ignored_instructions, style,
unhelpful, other) say that something is wrong, not what would be right."""


@dataclass(frozen=True, slots=True)
class ExtractiveConfig:
    """``max_doubt``: below this probability, a known wording outweighs the classifier's verdict
    that a sentence is no wish. ``max_rules`` of one log entry."""

    max_doubt: float = 0.75
    max_rules: int = 8


@dataclass(frozen=True, slots=True)
class ExtractedRule:
    """A rule with where it came from.

    ``source`` is the sentence or reason key; ``kind`` what the sentence was taken for and
    ``probability`` how surely; ``grounding`` the share of the rule's content words that the
    feedback holds.
    """

    text: str
    source: str
    kind: SentenceKind
    probability: float
    grounding: float


@dataclass(frozen=True, slots=True)
class Extraction:
    """What became of one log entry's feedback: its rules, and every sentence's verdict."""

    rules: tuple[ExtractedRule, ...]
    sentences: tuple[tuple[str, SentencePrediction], ...]


def extract_rules(
    feedback: Sequence[str],
    reasons: Sequence[str],
    classifier: SentenceClassifier,
    embed: Embed,
    config: ExtractiveConfig | None = None,
) -> Extraction:
    """Rules from the feedback on one reply.

    Parameters
    ----------
    feedback
        Comments and follow-up messages, in order.
    reasons
        Keys of the reason chips; keys without content are passed over.
    classifier, embed
        The fitted classifier and the embedder that it was fitted with.
    """
    config = config or ExtractiveConfig()
    sentences = [sentence for text in feedback for sentence in split_sentences(text)]
    predictions = classifier.predict(sentences, embed(sentences)) if sentences else []
    verdicts = [
        (sentence, _overrule(sentence, prediction, config))
        for sentence, prediction in zip(sentences, predictions, strict=True)
    ]
    rules = [rule for sentence, verdict in verdicts for rule in _rules_of(sentence, verdict)]
    rules.extend(_rules_of_reasons(reasons))
    distinct = {rule.text: rule for rule in reversed(rules)}
    ordered = [rule for rule in rules if distinct[rule.text] is rule]
    return Extraction(tuple(ordered[: config.max_rules]), tuple(verdicts))


def _rules_of(sentence: str, verdict: SentencePrediction) -> list[ExtractedRule]:
    return [
        ExtractedRule(
            text, sentence, verdict.kind, verdict.probability, grounded_share(text, [sentence])
        )
        for text in to_rules(sentence, verdict.kind)
    ]


def _rules_of_reasons(reasons: Sequence[str]) -> list[ExtractedRule]:
    # A chip is the user's own choice: certain, and all that its rule says.
    return [
        ExtractedRule(REASON_RULES[key], key, "instruction", 1.0, 1.0)
        for key in dict.fromkeys(reasons)
        if key in REASON_RULES
    ]


def _overrule(
    sentence: str, prediction: SentencePrediction, config: ExtractiveConfig
) -> SentencePrediction:
    """A wording that is known to be a wish is one, where the classifier is in doubt."""
    is_sure = prediction.is_kept or prediction.probability >= config.max_doubt
    if is_sure or sentence.rstrip().endswith("?") or not matched_rules(sentence):
        return prediction
    return SentencePrediction("instruction", prediction.probability)
