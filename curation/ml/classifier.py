"""What kind of sentence is this? Logistic regression on embeddings and a few cues."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict, train_test_split

from chat.router import normalise_rows
from curation.ml.arrays import FloatArray

SentenceKind = Literal["instruction", "correction", "praise", "question", "off_topic", "hostile"]
KINDS: tuple[SentenceKind, ...] = get_args(SentenceKind)
KEPT_KINDS: frozenset[SentenceKind] = frozenset({"instruction", "correction"})
"""Kinds from which rules are made."""

Embed = Callable[[Sequence[str]], ArrayLike]
MAX_CUE_WORDS = 12

CUES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\?\s*$",
        r"^(?:what|how|where|when|who|why|which|is|are|do|does|did|can i|will|would|should|has"
        r"|have)\b",
        r"\b(?:thanks?|thx|ty|great|perfect|nice|love|lovely|awesome|excellent|helpful|brilliant"
        r"|amazing|cool|good)\b",
        r"\b(?:please|pls|next time|make it|should|i want|i'd (?:like|prefer|rather)|i would like"
        r"|i need|could you|can you|would you|it needs|instead)\b",
        r"^(?:make|use|add|remove|delete|write|keep|put|give|include|start|begin|end|mention"
        r"|explain|rewrite|avoid|stop|don'?t|drop|skip|replace|change|show|leave|cut|focus|stick"
        r"|be|just|only|no|less|more|cite|list|format|sign|say|set|turn|try|round|sort|rank"
        r"|number)\b",
        r"\b(?:wrong|incorrect|forgot|missed|missing|ignored?|too|didn'?t|did not|doesn'?t|isn'?t"
        r"|wasn'?t|not|never|no|error|made up|makes up|actually|i said|i asked|i meant|i told"
        r"|already)\b",
        r"\byou\b",
        r"\b(?:tell me|write (?:me )?an?|now|another|next)\b",
        r"\b(?:stupid|idiot|useless|garbage|suck|crap|hate|shut|hell|dumb|wtf|damn|terrible"
        r"|pathetic)\b",
    )
)
"""Surface signs that sentence embeddings blur; they add .04 to the held-out macro F1."""


@dataclass(frozen=True, slots=True)
class ClassifierConfig:
    """``regularisation`` is scikit-learn's C; ``cue_weight`` scales the cues beside the unit-length
    embedding. Both by cross-validation on the labelled sentences (``docs/experiments.md``)."""

    regularisation: float = 3.0
    cue_weight: float = 0.4
    max_iterations: int = 2000
    n_folds: int = 5
    seed: int = 0


@dataclass(frozen=True, slots=True)
class SentencePrediction:
    """The likeliest kind, and its probability in [0, 1]."""

    kind: SentenceKind
    probability: float

    @property
    def is_kept(self) -> bool:
        """Whether rules are made from such a sentence."""
        return self.kind in KEPT_KINDS


@dataclass(frozen=True, slots=True)
class HeldOutFigures:
    """Held-out figures: macro F1 over the kinds and F1 of kept against not kept, both in [0, 1];
    ``n_right`` of ``n_sentences`` were told to be of the right kind."""

    macro_f1: float
    kept_f1: float
    n_sentences: int
    n_right: int


@dataclass(frozen=True, slots=True)
class SentenceClassifier:
    """A fitted classifier as plain arrays: ``weights`` [n_kinds, d + n_cues], ``biases`` [n_kinds].

    It belongs to one embedder; ``to_dict`` and ``from_dict`` let the caller keep it beside that.
    """

    kinds: tuple[SentenceKind, ...]
    weights: FloatArray
    biases: FloatArray
    cue_weight: float

    def predict(self, texts: Sequence[str], embeddings: ArrayLike) -> list[SentencePrediction]:
        """The kind of each text; ``embeddings`` [n, d] are theirs.

        Raises
        ------
        ValueError
            Embeddings of another embedder (their dimension does not fit).
        """
        if not texts:
            return []
        features = sentence_features(texts, embeddings, self.cue_weight)
        if features.shape[1] != self.weights.shape[1]:
            raise ValueError(
                f"Embeddings of {features.shape[1] - len(CUES) - 1} dimensions; fitted on "
                f"{self.weights.shape[1] - len(CUES) - 1}. Fit again with this embedder."
            )
        probabilities = _softmax(features @ self.weights.T + self.biases)
        best = probabilities.argmax(axis=1)
        return [
            SentencePrediction(self.kinds[kind], float(row[kind]))
            for kind, row in zip(best, probabilities, strict=True)
        ]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "kinds": list(self.kinds),
            "weights": self.weights.tolist(),
            "biases": self.biases.tolist(),
            "cue_weight": self.cue_weight,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SentenceClassifier:
        """Back from :meth:`to_dict`."""
        return cls(
            tuple(values["kinds"]),
            np.array(values["weights"], dtype=np.float64),
            np.array(values["biases"], dtype=np.float64),
            float(values["cue_weight"]),
        )


def sentence_features(
    texts: Sequence[str], embeddings: ArrayLike, cue_weight: float
) -> NDArray[np.float64]:
    """Features [n, d + n_cues + 1]: normalised embedding, cues present, length in words."""
    cues = np.array([[bool(cue.search(text)) for cue in CUES] for text in texts], dtype=np.float64)
    lengths = [[min(len(text.split()), MAX_CUE_WORDS) / MAX_CUE_WORDS] for text in texts]
    surface = np.hstack([cues, np.array(lengths)]) * cue_weight
    return np.hstack([normalise_rows(embeddings).astype(np.float64), surface])


def fit_classifier(
    texts: Sequence[str],
    labels: Sequence[str],
    embed: Embed,
    config: ClassifierConfig | None = None,
) -> SentenceClassifier:
    """Fit on labelled sentences; ``embed`` gives their embeddings [n, d].

    Raises
    ------
    ValueError
        A label that is no :data:`SentenceKind`, or fewer than two kinds.
    """
    config = config or ClassifierConfig()
    _check_labels(labels)
    features = sentence_features(texts, embed(texts), config.cue_weight)
    model = _regression(config).fit(features, np.array(labels))
    return SentenceClassifier(
        tuple(cast(SentenceKind, str(kind)) for kind in model.classes_),
        np.asarray(model.coef_, dtype=np.float64),
        np.asarray(model.intercept_, dtype=np.float64),
        config.cue_weight,
    )


def cross_validate(
    texts: Sequence[str],
    labels: Sequence[str],
    embed: Embed,
    config: ClassifierConfig | None = None,
) -> HeldOutFigures:
    """Stratified cross-validation: every sentence is predicted by a fit that never saw it."""
    config = config or ClassifierConfig()
    _check_labels(labels)
    features, truth = sentence_features(texts, embed(texts), config.cue_weight), np.array(labels)
    folds = StratifiedKFold(config.n_folds, shuffle=True, random_state=config.seed)
    predicted = cross_val_predict(_regression(config), features, truth, cv=folds)
    return _figures(truth, predicted)


def held_out_third(
    texts: Sequence[str],
    labels: Sequence[str],
    embed: Embed,
    config: ClassifierConfig | None = None,
) -> HeldOutFigures:
    """Fit on two thirds of each kind, drawn by the seed, and measure on the rest."""
    config = config or ClassifierConfig()
    _check_labels(labels)
    features, truth = sentence_features(texts, embed(texts), config.cue_weight), np.array(labels)
    fitted, told, fitted_truth, told_truth = train_test_split(
        features, truth, test_size=1 / 3, random_state=config.seed, stratify=truth
    )
    predicted = _regression(config).fit(fitted, fitted_truth).predict(told)
    return _figures(told_truth, predicted)


def _figures(truth: NDArray[np.str_], predicted: NDArray[np.str_]) -> HeldOutFigures:
    kept = sorted(KEPT_KINDS)
    return HeldOutFigures(
        macro_f1=float(f1_score(truth, predicted, average="macro")),
        kept_f1=float(f1_score(np.isin(truth, kept), np.isin(predicted, kept))),
        n_sentences=len(truth),
        n_right=int((truth == predicted).sum()),
    )


def _regression(config: ClassifierConfig) -> LogisticRegression:
    return LogisticRegression(
        C=config.regularisation, max_iter=config.max_iterations, class_weight="balanced"
    )


def _check_labels(labels: Sequence[str]) -> None:
    if unknown := sorted(set(labels) - set(KINDS)):
        raise ValueError(f"Unknown labels {unknown}; known are {list(KINDS)}.")
    if len(set(labels)) < 3:
        raise ValueError("At least three kinds of sentence are needed to fit a classifier.")


def _softmax(logits: FloatArray) -> FloatArray:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    normalised: FloatArray = shifted / shifted.sum(axis=1, keepdims=True)
    return normalised
