"""Adapters as files: a checkpoint that was chosen becomes a registered adapter."""

from __future__ import annotations

import shutil
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils.text import slugify

from training.ml.config import EDIT_KINDS
from training.models import Adapter, AdapterKind, AdapterState, TrainingRun
from uno_site.files import file_sha256, write_folder

WEIGHTS = "adapter_model.safetensors"


def adapter_name(cluster_name: str, cluster_id: UUID, kind: str, version: int) -> str:
    """A name that says whose adapter it is, and is safe in a URL and a file name."""
    stem = slugify(cluster_name)[:60] or "cluster"
    return f"{stem}-{cluster_id.hex[:6]}-{kind}-v{version}"


@transaction.atomic
def adapter_register(
    run: TrainingRun, *, checkpoint: Path, epoch: int, state: str = AdapterState.CANDIDATE
) -> Adapter:
    """Copy a checkpoint into the adapter store and register it; once for each run.

    The copy leaves out nothing that a PEFT folder needs and outlives the run's checkpoints.
    """
    existing = Adapter.objects.filter(run=run, epoch=epoch).first()
    if existing is not None and Path(existing.path, WEIGHTS).exists():
        return existing
    version = _next_version(run) if existing is None else existing.version
    name = _name(run, version)
    target = settings.DATA_DIR / "adapters" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    write_folder(target, lambda path: shutil.copytree(checkpoint, path, dirs_exist_ok=True))
    adapter = existing or Adapter(run=run, epoch=epoch, version=version, state=state)
    adapter.cluster, adapter.kind, adapter.name = run.cluster, run.kind, name
    adapter.path, adapter.sha256 = str(target), file_sha256(target / WEIGHTS)
    adapter.base_sha256, adapter.owner_key = run.base_sha256, run.owner_key
    adapter.full_clean()
    adapter.save()
    return adapter


def _name(run: TrainingRun, version: int) -> str:
    """The name of a personal or shared adapter says nothing of the people, and never comes again:
    an engine that still holds an adapter of that name holds this very one."""
    if run.owner_key is not None:
        return f"personal-{run.pk.hex[:16]}"
    if run.kind == AdapterKind.HINDSIGHT:
        return f"shared-{run.pk.hex[:16]}"
    if run.kind == AdapterKind.COMMON:
        return f"common-{run.pk.hex[:6]}-v{version}"
    if run.kind in EDIT_KINDS:
        return f"edits-{run.pk.hex[:6]}-{run.kind}-v{version}"
    return adapter_name(run.cluster_name, run.cluster_id or run.pk, run.kind, version)


def _next_version(run: TrainingRun) -> int:
    family = Adapter.objects.filter(run__cluster_id=run.cluster_id, kind=run.kind)
    if run.owner_key is not None:
        family = Adapter.objects.filter(owner_key=run.owner_key)
    elif run.kind == AdapterKind.HINDSIGHT:
        family = Adapter.objects.shared()
    elif run.kind in (*EDIT_KINDS, AdapterKind.COMMON):
        family = Adapter.objects.filter(kind=run.kind)
    elif run.cluster_id is None:
        family = Adapter.objects.filter(run=run)
    return (family.aggregate(latest=Max("version"))["latest"] or 0) + 1


def is_intact(adapter: Adapter) -> bool:
    """Whether the adapter's weights on disk are those that were registered."""
    weights = Path(adapter.path, WEIGHTS)
    return weights.exists() and file_sha256(weights) == adapter.sha256
