"""A run goes on from the served adapter: when, with which validation, and what withdrawal does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from curation.models import Cluster, LogEntry, PreferencePair, ReviewState
from tests.scripted import ScriptedClient
from tests.training.conftest import BASE_SHA256, make_material
from tests.training.pairs import make_pairs
from training.errors import TrainingFailed
from training.ml.train import read_config
from training.models import Adapter, AdapterState, RunState, Split, TrainingRun
from training.services.adapters import adapter_register
from training.services.execution import run_execute
from training.services.material import split_pairs
from training.services.reporting import SilentReporter
from training.services.runs import run_create, run_folder, run_set_state
from training.services.starting_points import trained_entries
from training.services.withdrawal import consent_sync

pytestmark = pytest.mark.usefixtures("torch_base", "scripted")


def adapter_of(run: TrainingRun, state: str = AdapterState.SERVED, **shape: Any) -> Adapter:
    """The run's adapter as the trainer would have written it."""
    config = run.config
    folder = run_folder(run)
    lora = {"r": config["r"], "lora_alpha": config["alpha"], "target_modules": config["targets"]}
    folder.write("checkpoints/epoch-1/adapter_model.safetensors", f"weights {run.pk}")
    folder.write_json("checkpoints/epoch-1/adapter_config.json", {**lora, **shape})
    folder.write_json(
        "checkpoints/epoch-1/uno.json", {"kind": run.kind, "base_sha256": BASE_SHA256}
    )
    run_set_state(run, RunState.ACCEPTED)
    checkpoint = folder.path / "checkpoints/epoch-1"
    return adapter_register(run, checkpoint=checkpoint, epoch=1, state=state)


@pytest.fixture
def served(ready_cluster: Cluster) -> Adapter:
    """A served expert of a first run over ten entries."""
    return adapter_of(run_create(ready_cluster, "expert", None))


def entries(run: TrainingRun, split: str) -> set[Any]:
    return set(run.examples.filter(split=split).values_list("entry_key", flat=True))


def test_new_material_goes_on_from_the_served_adapter(
    ready_cluster: Cluster, served: Adapter
) -> None:
    make_material(ready_cluster, 5)
    run = run_create(ready_cluster, "expert", None)
    assert (run.config["init_from"], run.config["init_sha256"]) == (served.path, served.sha256)
    _, config = read_config(Path(run.folder))
    assert config.init_sha256 == served.sha256


def test_what_the_adapter_has_learned_is_not_asked_in_verification(
    ready_cluster: Cluster, served: Adapter
) -> None:
    make_material(ready_cluster, 5)
    for seed in range(5):
        run = run_create(ready_cluster, "expert", None, seed=seed)
        assert not entries(run, Split.VALIDATION) & entries(served.run, Split.TRAIN)
        assert (run.n_train, run.n_validation) == (10, 5)


def test_the_forebears_of_the_adapter_count_too(ready_cluster: Cluster, served: Adapter) -> None:
    make_material(ready_cluster, 5)
    second = run_create(ready_cluster, "expert", None, seed=1)
    newer = adapter_of(second)
    served.state = AdapterState.RETIRED
    served.save()
    learned = entries(served.run, Split.TRAIN) | entries(second, Split.TRAIN)
    assert trained_entries(second) == learned
    make_material(ready_cluster, 5)
    third = run_create(ready_cluster, "expert", None, seed=2)
    assert third.config["init_from"] == newer.path
    assert not entries(third, Split.VALIDATION) & learned


@pytest.mark.parametrize("state", [AdapterState.ACCEPTED, AdapterState.RETIRED])
def test_only_a_served_adapter_is_gone_on_from(ready_cluster: Cluster, state: str) -> None:
    adapter_of(run_create(ready_cluster, "expert", None), state=state)
    make_material(ready_cluster, 5)
    assert run_create(ready_cluster, "expert", None).config["init_from"] == ""


def test_without_new_material_it_begins_from_nothing(
    ready_cluster: Cluster, served: Adapter
) -> None:
    assert run_create(ready_cluster, "expert", None).config["init_from"] == ""


def test_it_can_be_switched_off(ready_cluster: Cluster, served: Adapter) -> None:
    make_material(ready_cluster, 5)
    run = run_create(ready_cluster, "expert", None, is_incremental=False)
    assert run.config["init_from"] == ""


@pytest.mark.parametrize("changes", [{"r": 8}, {"alpha": 4}, {"targets": ["q_proj"]}])
def test_another_shape_begins_from_nothing(
    ready_cluster: Cluster, served: Adapter, changes: dict[str, Any]
) -> None:
    make_material(ready_cluster, 5)
    assert run_create(ready_cluster, "expert", None, changes).config["init_from"] == ""


def test_a_tainted_or_damaged_adapter_is_not_gone_on_from(
    ready_cluster: Cluster, served: Adapter
) -> None:
    make_material(ready_cluster, 5)
    Path(served.path, "adapter_model.safetensors").write_text("other")
    assert run_create(ready_cluster, "expert", None).config["init_from"] == ""
    Path(served.path, "adapter_model.safetensors").write_text(f"weights {served.run.pk}")
    served.is_tainted = True
    served.save()
    assert run_create(ready_cluster, "expert", None).config["init_from"] == ""


def test_a_withdrawal_taints_what_went_on_from_the_adapter(
    ready_cluster: Cluster, served: Adapter, scripted: ScriptedClient
) -> None:
    entry = next(iter(entries(served.run, Split.TRAIN)))
    # Only the first adapter saw it: the others know it through that one alone.
    PreferencePair.objects.filter(entry=entry).update(state=ReviewState.REJECTED)
    make_material(ready_cluster, 5)
    second = adapter_of(run_create(ready_cluster, "expert", None, seed=1), AdapterState.ACCEPTED)
    assert not second.run.examples.filter(entry=entry).exists()
    waiting = run_create(ready_cluster, "expert", None, seed=2)
    assert waiting.config["init_sha256"] == served.sha256
    LogEntry.objects.filter(pk=entry).delete()
    consent_sync()
    second.refresh_from_db()
    waiting.refresh_from_db()
    assert (second.is_tainted, waiting.state) == (True, RunState.CANCELLED)
    with pytest.raises(TrainingFailed, match="logs that were withdrawn"):
        run_execute(waiting, SilentReporter())


def test_a_split_never_holds_out_what_was_trained() -> None:
    pairs = make_pairs(10)
    trained = {pair.entry_id for pair in pairs[:6]}
    split = split_pairs(pairs, seed=0, trained=trained)
    assert len(split.validation) == 4
    assert not {pair.entry_id for pair in split.validation} & trained


def test_few_untrained_prompts_are_all_held_out() -> None:
    pairs = make_pairs(20)
    trained = {pair.entry_id for pair in pairs[:17]}
    split = split_pairs(pairs, seed=0, trained=trained)
    assert {pair.entry_id for pair in split.validation} == {p.entry_id for p in pairs[17:]}
    assert len(split.train) == 17
