"""An adapter from elsewhere: checked, registered as not yet verified, and verified like ours.

It stands for a run of its cluster that trained nothing here: the verifier finds a checkpoint
and held-out prompts as with any other run.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from curation.models import Cluster
from curation.selectors import training_material
from training.models import (
    CLUSTER_KINDS,
    Adapter,
    AdapterState,
    RunState,
    Split,
    TrainingExample,
    TrainingRun,
)
from uno_site.audit.services import audit_record
from uno_site.engine_clients import base_model_name, served_client
from uno_site.errors import Conflict, InvalidInput
from uno_site.files import file_sha256, read_json, write_json
from uno_site.inference.errors import AdapterInvalid
from uno_site.inference.peft_folder import WEIGHTS, LoraFolder, check_config, read_lora_folder
from uno_site.jobs.models import Job
from uno_site.jobs.services import job_enqueue

from .adapter_archive import archive_unpack, check_size
from .adapters import adapter_register
from .engine_adapters import loaded
from .material import SPLIT, unseen_pairs, verification_rows
from .run_folder import RunFolder, dump_rows
from .runs import check_trainable, run_examples
from .starting_points import trained_entries

if TYPE_CHECKING:
    from curation.selectors import TrainingPair

CHECKPOINT = "checkpoints/epoch-1"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the adapter says it comes from. ``run`` is the one of ours with the same data."""

    record: dict[str, Any]
    run: TrainingRun | None


def adapter_upload(*, cluster: Cluster, kind: str, file: Any, by: Any) -> Adapter:
    """Register an uploaded PEFT ZIP for a cluster and queue its verification.

    Held-out are the cluster's prompts that it cannot have learned from: those of a run of ours
    with the same data (``uno.json`` names it) are left out.

    Raises
    ------
    InvalidInput
        The ZIP, the kind of adapter or its base is not fit to be served, or too few prompts are
        left to verify it with.
    Conflict
        The cluster may not be learned from, the adapter is here already, or what it learned
        from was withdrawn.
    EngineUnreachable
        Nobody could try to load it.
    """
    check_size(file)
    check_trainable(cluster)
    if kind not in CLUSTER_KINDS:
        raise InvalidInput(
            _("There is no adapter kind %(kind)s.") % {"kind": f"{kind!r}"},
            remedy=_("Use expert or critic."),
        )
    base_sha256 = served_client().health().base_sha256
    run = TrainingRun(
        cluster=cluster,
        cluster_name=cluster.name,
        kind=kind,
        state=RunState.TRAINED,
        base_model=base_model_name(),
        base_sha256=base_sha256,
    )
    run.folder = str(settings.DATA_DIR / "runs" / str(run.pk))
    checkpoint = Path(run.folder, CHECKPOINT)
    checkpoint.mkdir(parents=True)
    try:
        archive_unpack(file, checkpoint)
        lora = _checked(checkpoint, run, name=str(file.name))
        return _register(run, lora, _origin(checkpoint, kind), by, name=str(file.name)[:200])
    except BaseException:
        shutil.rmtree(run.folder, ignore_errors=True)
        raise


def verification_start(run: TrainingRun, by: Any) -> Job:
    """Queue the verification of a run that is trained.

    Raises
    ------
    Conflict
        It is not waiting for one.
    """
    if run.state != RunState.TRAINED or (run.job is not None and run.job.is_active):
        raise Conflict(
            _("The run does not wait to be verified (%(state)s).")
            % {"state": run.get_state_display()}
        )
    run.job = job_enqueue(kind="training.verify", params={"run": str(run.pk)}, by=by)
    run.save(update_fields=["job", "updated_at"])
    return run.job


def _checked(checkpoint: Path, run: TrainingRun, *, name: str) -> LoraFolder:
    """The adapter, after everything that tells whether the engine can serve it."""
    try:
        lora = read_lora_folder(checkpoint, base_sha256=run.base_sha256)
        check_config(lora)
        lora.weights()
        # Only the engine knows the base's shapes, whichever backend it has.
        with loaded(served_client(), f"upload-{run.pk.hex[:12]}", str(checkpoint)):
            return lora
    except AdapterInvalid as error:
        words = error.message.replace(str(checkpoint), name)
        raise InvalidInput(words, remedy=error.remedy) from error


def _origin(checkpoint: Path, kind: str) -> Origin:
    record = read_json(checkpoint / "uno.json") or {}
    if record.get("kind", kind) != kind:
        raise InvalidInput(
            _("The adapter was trained as %(kind)s; %(chosen)s was chosen.")
            % {"kind": record["kind"], "chosen": kind},
            remedy=_("Choose its own kind."),
        )
    known = Adapter.objects.filter(sha256=file_sha256(checkpoint / WEIGHTS)).first()
    if known is not None:
        raise Conflict(_("The adapter is here already: %(name)s.") % {"name": known.name})
    data_hash = str(record.get("data_hash", ""))
    run = TrainingRun.objects.filter(data_hash=data_hash).first() if data_hash else None
    if run is not None and run.examples.filter(taken_back_at__isnull=False).exists():
        raise Conflict(
            _("The adapter learned from logs that were withdrawn since."),
            remedy=_("Train the cluster again."),
        )
    return Origin(record, run)


def _register(run: TrainingRun, lora: LoraFolder, origin: Origin, by: Any, *, name: str) -> Adapter:
    trained = trained_entries(origin.run) if origin.run else frozenset()
    held_out = unseen_pairs(training_material(run.cluster), trained)
    rows = verification_rows(held_out)
    if len(rows) < SPLIT.min_validation:
        raise InvalidInput(
            _(
                "The cluster has %(n)s approved prompts that the adapter cannot have "
                "learned; its verification needs %(min_validation)s."
            )
            % {"n": len(rows), "min_validation": SPLIT.min_validation},
            remedy=_("Approve pairs and rules of more entries first."),
        )
    run.n_validation = len(rows)
    run.data_hash = str(origin.record.get("data_hash", ""))[:64]
    run.config = {
        "uploaded": name,
        "r": lora.rank,
        "alpha": lora.config["lora_alpha"],
        "targets": _targets(lora),
    }
    _write_folder(run, origin, rows)
    return _save(run, origin, held_out, by)


def _targets(lora: LoraFolder) -> list[str]:
    found = lora.config.get("target_modules") or ()
    return [found] if isinstance(found, str) else sorted(str(name) for name in found)


def _write_folder(run: TrainingRun, origin: Origin, rows: Sequence[dict[str, Any]]) -> None:
    folder = RunFolder(Path(run.folder))
    folder.write("prompts.jsonl", dump_rows(rows))
    # Nobody knows its loss here.
    epochs = [{"epoch": 1, "validation_loss": None, "path": CHECKPOINT}]
    folder.write_json("result.json", {"epochs": epochs, "seconds": None})
    record = {**origin.record, "kind": run.kind, "base_sha256": run.base_sha256}
    write_json(folder.path / CHECKPOINT / "uno.json", record)


@transaction.atomic
def _save(run: TrainingRun, origin: Origin, held_out: Sequence[TrainingPair], by: Any) -> Adapter:
    run.full_clean()
    run.save()
    TrainingExample.objects.bulk_create(
        [*_learned(run, origin), *run_examples(run, held_out, Split.VALIDATION)]
    )
    adapter = adapter_register(
        run, checkpoint=Path(run.folder, CHECKPOINT), epoch=1, state=AdapterState.CANDIDATE
    )
    audit_record(
        actor=by,
        action="adapter.upload",
        subject=adapter,
        data={"cluster": run.cluster_name, "file": run.config["uploaded"]},
    )
    verification_start(run, by)
    return adapter


def _learned(run: TrainingRun, origin: Origin) -> list[TrainingExample]:
    """What it learned from here, so that a withdrawal reaches it too."""
    if origin.run is None:
        return []
    examples = origin.run.examples.filter(split=Split.TRAIN)
    return [
        TrainingExample(
            run=run,
            entry_id=one.entry_id,
            entry_key=one.entry_key,
            pair_id=one.pair_id,
            split=Split.TRAIN,
        )
        for one in examples
    ]
