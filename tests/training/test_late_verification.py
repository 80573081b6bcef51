"""What was trained and could not be verified is verified by the next pass, not trained anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from curation.models import Cluster
from curation.roles.judges import ReferenceJudge
from tests.scripted import ScriptedClient
from tests.training.conftest import make_material
from training.models import RunState, TrainingRun
from training.services import verification
from training.services.gate import Gate
from training.services.paths import cluster_train
from training.services.reporting import SilentReporter
from training.services.runs import runs_settle
from uno_site.inference.errors import EngineUnreachable
from uno_site.jobs.models import Job, JobState

pytestmark = pytest.mark.usefixtures("torch_base")


@pytest.fixture
def unchecked(
    ready_cluster: Cluster,
    scripted: ScriptedClient,
    trainer: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> TrainingRun:
    """A trained expert; the engine went away before it was verified, and is there again.

    Whatever is trained from now on fails."""
    gate = Gate(ReferenceJudge(scripted), {"judge": "reference", "figure": 0.9})
    monkeypatch.setattr(verification, "current_gate", lambda cluster: gate)
    scripted.reply = EngineUnreachable("The engine is gone.")
    job = Job.objects.create(kind="training.learn", state=JobState.RUNNING)
    with pytest.raises(EngineUnreachable):
        train(ready_cluster, job=job)
    Job.objects.update(state=JobState.SUCCEEDED)
    scripted.reply = lambda request: "Dear Sir or Madam, there is much to say about that."
    trainer(error="It was trained anew.")
    return TrainingRun.objects.get()


def train(cluster: Cluster, **options: Any) -> list[TrainingRun]:
    return cluster_train(cluster, SilentReporter(), None, kinds=("expert",), **options)


@pytest.mark.parametrize("is_settled", [False, True])
def test_the_next_pass_verifies_it(unchecked: TrainingRun, is_settled: bool) -> None:
    if is_settled:
        assert runs_settle() == 1
    job = Job.objects.create(kind="training.learn", state=JobState.RUNNING)
    assert train(unchecked.cluster, job=job) == [unchecked]
    unchecked.refresh_from_db()
    assert (unchecked.state, unchecked.job) == (RunState.REFUSED, job)


@pytest.mark.parametrize("change", ["material", "seed", "base", "config", "job"])
def test_what_is_not_the_same_is_trained_anew(unchecked: TrainingRun, change: str) -> None:
    options: dict[str, Any] = {}
    if change == "material":
        make_material(unchecked.cluster, 1)
    elif change == "base":
        TrainingRun.objects.update(base_sha256="1" * 64)
    elif change == "job":
        Job.objects.update(state=JobState.RUNNING)
    else:
        options = {"seed": {"seed": 7}, "config": {"config": {"n_epochs": 1}}}[change]
    with pytest.raises(Exception, match="It was trained anew"):
        train(unchecked.cluster, **options)
    assert TrainingRun.objects.count() == 2
