"""The sentence classifier: fitted on labelled sentences, kept as plain values."""

import json
import zlib
from collections import Counter

import numpy as np
import pytest

from curation.ml.classifier import (
    KINDS,
    SentencePrediction,
    cross_validate,
    fit_classifier,
    held_out_third,
    sentence_features,
)
from curation.ml.data import read_feedback_sentences

N_BUCKETS = 256


def embed_words(texts):
    """Hashed bags of words: an embedder that needs no model."""
    rows = np.full((len(texts), N_BUCKETS), 1e-6)
    for row, text in zip(rows, texts, strict=True):
        for word in text.lower().split():
            row[zlib.crc32(word.encode()) % N_BUCKETS] += 1
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def labelled():
    sentences = read_feedback_sentences()
    return [s.text for s in sentences], [s.label for s in sentences]


def test_the_labelled_sentences_are_many_and_distinct(labelled):
    texts, labels = labelled
    assert len(texts) == len(set(texts)) >= 600
    assert set(labels) == set(KINDS)
    assert min(Counter(labels).values()) >= 40


def test_it_predicts_what_it_was_fitted_on(labelled):
    texts, labels = labelled
    classifier = fit_classifier(texts, labels, embed_words)
    predictions = classifier.predict(texts, embed_words(texts))
    right = [p.kind == label for p, label in zip(predictions, labels, strict=True)]
    assert np.mean(right) > 0.9
    assert all(0 < p.probability <= 1 for p in predictions)
    assert classifier.predict([], np.empty((0, N_BUCKETS))) == []


def test_it_survives_json(labelled):
    texts, labels = labelled
    classifier = fit_classifier(texts, labels, embed_words)
    again = type(classifier).from_dict(json.loads(json.dumps(classifier.to_dict())))
    sample = texts[::50]
    before = classifier.predict(sample, embed_words(sample))
    after = again.predict(sample, embed_words(sample))
    assert [p.kind for p in after] == [p.kind for p in before]
    assert [p.probability for p in after] == pytest.approx([p.probability for p in before])


def test_held_out_figures_without_any_model(labelled):
    # Even bags of words and cues tell wishes from the rest far above chance.
    figures = cross_validate(*labelled, embed_words)
    assert figures.n_sentences == len(labelled[0])
    assert figures.macro_f1 > 0.6
    assert figures.kept_f1 > 0.8


def test_a_third_is_held_out_of_each_kind(labelled):
    figures = held_out_third(*labelled, embed_words)
    assert figures.n_sentences == len(labelled[0]) // 3 == 234
    assert figures.macro_f1 > 0.6
    assert figures.kept_f1 > 0.8
    assert figures.n_right / figures.n_sentences > 0.6


def test_features_are_embedding_cues_and_length():
    features = sentence_features(["Is it far?"], [[3.0, 4.0]], cue_weight=0.5)
    assert features[0, :2] == pytest.approx([0.6, 0.8])
    assert features[0, 2] == 0.5  # ends with a question mark
    assert features[0, -1] == pytest.approx(0.5 * 3 / 12)


def test_only_wishes_and_corrections_are_kept():
    kept = {kind for kind in KINDS if SentencePrediction(kind, 1.0).is_kept}
    assert kept == {"instruction", "correction"}


def test_another_embedder_is_refused(labelled):
    classifier = fit_classifier(*labelled, embed_words)
    with pytest.raises(ValueError, match="Fit again"):
        classifier.predict(["too long"], np.ones((1, 3)))


def test_labels_must_be_known_and_several():
    with pytest.raises(ValueError, match="Unknown labels"):
        fit_classifier(["a", "b", "c"], ["praise", "question", "joy"], embed_words)
    with pytest.raises(ValueError, match="three kinds"):
        fit_classifier(["a", "b"], ["praise", "question"], embed_words)
