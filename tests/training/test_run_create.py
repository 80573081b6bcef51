"""Making a run: its folder, its examples, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from curation.models import Cluster, LogEntry, PreferencePair, ReviewState
from tests.factories import ClusterFactory
from tests.scripted import ScriptedClient
from tests.training.conftest import make_material
from training.ml.errors import ConfigInvalid
from training.ml.train import read_config
from training.models import TrainingExample, TrainingRun
from training.services.run_folder import entry_of
from training.services.runs import run_create, run_folder
from uno_site.audit.models import AuditEvent
from uno_site.errors import Conflict, InvalidInput

pytestmark = pytest.mark.usefixtures("torch_base")


def test_the_folder_is_what_the_trainer_reads(
    ready_cluster: Cluster, scripted: ScriptedClient, admin: object
) -> None:
    run = run_create(ready_cluster, "expert", admin)

    folder = run_folder(run)
    values, config = read_config(folder.path)
    assert values["kind"] == "expert"
    assert values["data_hash"] == run.data_hash
    assert config.to_json() == run.config
    assert (len(folder.read_rows("train.jsonl")), run.n_train) == (5, 5)
    assert (len(folder.read_rows("validation.jsonl")), run.n_validation) == (5, 5)
    asked = {row["id"] for row in folder.read_rows("prompts.jsonl")}
    assert asked == {row["id"] for row in folder.read_rows("validation.jsonl")}
    assert AuditEvent.objects.get(action="run.create").actor == admin


def test_every_row_leads_back_to_its_entry(
    ready_cluster: Cluster, scripted: ScriptedClient
) -> None:
    run = run_create(ready_cluster, "critic", None)
    rows = [
        *run_folder(run).read_rows("train.jsonl"),
        *run_folder(run).read_rows("validation.jsonl"),
    ]
    entries = {entry_of(row["id"]) for row in rows}
    assert entries == {str(pk) for pk in LogEntry.objects.values_list("pk", flat=True)}
    examples = TrainingExample.objects.filter(run=run)
    assert {str(key) for key in examples.values_list("entry_key", flat=True)} == entries


def test_the_same_data_and_seed_make_the_same_hash(
    ready_cluster: Cluster, scripted: ScriptedClient
) -> None:
    first, second = (run_create(ready_cluster, "expert", None, seed=3) for _ in range(2))
    assert first.data_hash == second.data_hash
    assert first.folder != second.folder


def test_changes_to_the_profile_are_kept_and_unknown_ones_refused(
    ready_cluster: Cluster, scripted: ScriptedClient
) -> None:
    assert run_create(ready_cluster, "expert", None, {"n_epochs": 1}).config["n_epochs"] == 1
    with pytest.raises(ConfigInvalid, match="has no setting epochs"):
        run_create(ready_cluster, "expert", None, {"epochs": 1})


def test_an_empty_cluster_is_refused_and_leaves_nothing(
    db: None, scripted: ScriptedClient, data_dir: Path
) -> None:
    with pytest.raises(InvalidInput, match="has 0 approved prompts"):
        run_create(ClusterFactory(), "expert", None)
    assert not TrainingRun.objects.exists()
    assert not (data_dir / "runs").exists()


@pytest.mark.parametrize(
    ("field", "words"), [("is_noise", "flagged as noise"), ("is_excluded", "is excluded")]
)
def test_noise_and_excluded_clusters_are_refused(
    ready_cluster: Cluster, scripted: ScriptedClient, field: str, words: str
) -> None:
    setattr(ready_cluster, field, True)
    with pytest.raises(Conflict, match=words):
        run_create(ready_cluster, "expert", None)


def test_only_what_was_approved_is_learned(db: None, scripted: ScriptedClient) -> None:
    cluster = ClusterFactory()
    make_material(cluster, 11)
    rejected = PreferencePair.objects.first()
    rejected.state = ReviewState.REJECTED
    rejected.save()
    run = run_create(cluster, "expert", None)
    assert run.n_train + run.n_validation == 10
    assert not run.examples.filter(pair=rejected).exists()
