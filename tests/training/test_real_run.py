"""One short run with everything real: engine, trainer, verification, promotion, answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chat.services.routes import route_table_active
from chat.serving import answer
from curation.models import Cluster, EntryState, ReviewState
from curation.roles.judges import ReferenceJudge
from tests.factories import ClusterFactory, LogEntryFactory, PairFactory, RuleFactory
from training.models import Adapter, AdapterState, RunState
from training.services import answers, verification
from training.services.downloads import adapter_gguf
from training.services.execution import run_execute
from training.services.gate import Gate
from training.services.promotion import promote, rollback
from training.services.reporting import SilentReporter
from training.services.runs import run_create, run_folder
from training.services.verification import run_verify
from uno_site.inference.protocol import ChatMessage, Sampling

pytestmark = [pytest.mark.slow, pytest.mark.model, pytest.mark.django_db(transaction=True)]

TOPICS = (
    "the boiler",
    "a late parcel",
    "the noisy fan",
    "my new key",
    "the lift",
    "a lost bag",
    "the garden",
    "a broken lamp",
    "the post box",
    "an old stove",
)
SHORT = replace(answers.SAMPLING, min_tokens=32, max_tokens=32)
PROMPT = "Write an e-mail about {}."


@pytest.fixture
def cluster(engine: Any, data_dir: Path, engine_data_dir: Path) -> Cluster:
    """Approved pairs of one taste, with the centroid of their real embeddings."""
    (engine_data_dir / "models").mkdir(exist_ok=True)
    (data_dir / "models").symlink_to(engine_data_dir / "models")
    vectors = engine.embed([PROMPT.format(topic) for topic in TOPICS])
    cluster = ClusterFactory(name="E-mails", centroid=vectors.mean(axis=0).astype("<f4").tobytes())
    for topic in TOPICS:
        entry = LogEntryFactory(
            cluster=cluster,
            state=EntryState.DISTILLED,
            query=PROMPT.format(topic),
            response=f"Dear Sir or Madam, I am writing to you about {topic}. Please see to it.",
            correction=f"Hi, it is about {topic}. Cheers, Ana",
        )
        RuleFactory(entry=entry, state=ReviewState.APPROVED)
        PairFactory(entry=entry, chosen=entry.correction, state=ReviewState.APPROVED)
    return cluster


def test_from_pairs_to_an_answer_that_says_why(
    cluster: Cluster, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "SAMPLING", SHORT)
    gate = Gate(ReferenceJudge(engine), {"judge": "reference", "n": 10})
    monkeypatch.setattr(verification, "current_gate", lambda cluster: gate)

    run = run_create(cluster, "expert", None, {"n_epochs": 2, "r": 8, "max_completion_tokens": 32})
    run_execute(run, SilentReporter())
    assert run.state == RunState.TRAINED
    losses = [
        row["loss"]
        for row in run_folder(run).read_rows("metrics.jsonl")
        if row["kind"] == "validation"
    ]
    assert losses[1] < losses[0]

    found = run_verify(run, SilentReporter())
    assert found.n_prompts == 5
    assert {row["epoch"] for row in found.epochs} == {1, 2}
    assert [model.id for model in engine.models() if model.id.startswith("verify-")] == []

    # Two epochs are too few to insist on a verdict; what is served is tested either way.
    Adapter.objects.update(state=AdapterState.ACCEPTED)
    adapter = Adapter.objects.get()
    assert adapter_gguf(adapter).read_bytes()[:4] == b"GGUF"
    promote([adapter], None)
    question = [ChatMessage("user", PROMPT.format("the cold kitchen"))]
    greedy = Sampling(max_tokens=24, temperature=0.0)
    routed = answer(question, table=route_table_active(), sampling=greedy)
    base = answer(question, table=route_table_active(), sampling=greedy, force_base=True)
    assert routed.provenance.adapter_name == adapter.name
    assert routed.text != base.text

    rollback(None)
    again = answer(question, table=route_table_active(), sampling=greedy)
    assert (again.provenance.kind, again.text) == ("base", base.text)
