"""Verdicts against labels, by hand-computed figures; and the labels kept in the repository."""

import json
from collections import Counter

import numpy as np
import pytest

from curation.ml.classifier import CUES, KINDS, SentenceClassifier
from curation.ml.stats import wilson_interval
from training.evaluation.signal import (
    HAND_LABELLED,
    USEFUL_LABELS,
    FollowUp,
    agreement,
    read_hand_labelled,
    signal_report,
)
from uno_site.inference.protocol import ChatMessage
from uno_site.interchange import ImportedLog, Signal

KNOWN = {"Make it shorter.": "instruction", "Thanks!": "praise", "What about cats?": "question"}
WEIGHTS = np.hstack([np.eye(len(KINDS)) * 10, np.zeros((len(KINDS), len(CUES) + 1))])
CLASSIFIER = SentenceClassifier(KINDS, WEIGHTS, np.zeros(len(KINDS)), 0.4)


def embed(texts):
    return np.array([[float(KNOWN[text] == kind) for kind in KINDS] for text in texts])


def test_figures_of_ten_verdicts():
    # 3 right, 1 wrongly taken, 2 missed, 4 rightly left.
    truth = [True] * 5 + [False] * 5
    predicted = [True] * 3 + [False] * 2 + [True] + [False] * 4
    found = agreement(truth, predicted)
    assert (found.precision.mean, found.precision.n) == (0.75, 4)
    assert (found.recall.mean, found.recall.n) == (0.6, 5)
    assert found.f1.mean == pytest.approx(2 * 0.75 * 0.6 / (0.75 + 0.6))
    assert found.accuracy.mean == 0.7
    # expected agreement .5 * .4 + .5 * .6 = .5
    assert found.kappa == pytest.approx((0.7 - 0.5) / (1 - 0.5))


def test_the_interval_of_f1_is_that_of_the_jaccard_share():
    found = agreement([True, True, False], [True, False, False])
    interval = wilson_interval(1, 2)
    assert found.f1.low == pytest.approx(2 * interval.low / (1 + interval.low))
    assert found.f1.high == pytest.approx(2 * interval.high / (1 + interval.high))


def test_nothing_taken_is_no_precision_and_says_so():
    found = agreement([True, False], [False, False])
    assert (found.precision.mean, found.precision.low, found.precision.high) == (0.0, 0.0, 1.0)
    assert found.kappa == 0.0


def test_all_the_same_has_no_kappa():
    assert agreement([True], [True]).kappa == 0.0


def test_labels_and_verdicts_must_match_in_number():
    with pytest.raises(ValueError, match="zip"):
        agreement([True], [])


def test_a_report_compares_with_hand_and_source():
    def follow_up(text, kind, label):
        return FollowUp("1", "hh", text, label, kind, kind == "instruction")

    labelled = [
        follow_up("Make it shorter.", "instruction", "positive"),
        follow_up("Thanks!", "praise", "positive"),
        follow_up("What about cats?", "question", "negative"),
    ]
    rows = [
        ImportedLog(
            "1", (ChatMessage("user", "q"),), "a", (Signal("follow_up", text),), label=label
        )
        for text, label in (("Make it shorter.", "refine"), ("Thanks!", "negative"))
    ]
    report = signal_report(labelled, {"hh": rows}, CLASSIFIER, embed)
    assert report.against_hand.kappa == 1.0
    assert report.source_against_hand.recall.mean == 0.0
    assert report.against_source["hh"].recall.mean == 0.5
    assert report.by_kind == {"instruction": (1, 1), "praise": (0, 1), "question": (0, 1)}
    assert json.loads(json.dumps(report.as_dict()))["against_hand"]["f1"]["mean"] == 1.0


def test_a_hundred_follow_ups_are_kept_with_source_and_licence():
    rows = [json.loads(line) for line in HAND_LABELLED.read_text(encoding="utf-8").splitlines()]
    assert len({row["id"] for row in rows}) == 100
    assert {row["licence"] for row in rows} == {"MIT", "Apache-2.0"}
    for name in ("LICENSE.hh-rlhf", "LICENSE.oasst", "README.md"):
        assert (HAND_LABELLED.parent / name).exists()


def test_the_labels_are_consistent():
    for row in map(json.loads, HAND_LABELLED.read_text(encoding="utf-8").splitlines()):
        assert row["kind"] in KINDS
        assert row["is_useful"] == (row["kind"] in ("instruction", "correction"))
        says_useful = row["source_label"] in USEFUL_LABELS
        assert row["is_source_wrong"] == (row["is_useful"] != says_useful)


def test_how_the_kinds_are_spread():
    kinds = Counter(follow_up.kind for follow_up in read_hand_labelled())
    assert kinds == {
        "praise": 41, "question": 28, "correction": 15, "instruction": 14, "off_topic": 2,
    }  # fmt: skip
