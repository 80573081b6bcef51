"""Learning from everybody's edits: a run for each kind, its check, and new arms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from curation.edit_selectors import EditPair, edit_pairs
from training.ml.config import EDIT_KINDS
from training.models import AdapterKind, RunState, Split, TrainingExample, TrainingRun
from training.services import runs as run_services
from training.services.execution import run_execute
from training.services.late_checks import lacks_check
from training.services.profiles import config_for
from training.services.reporting import Portion, Reporter
from training.services.run_folder import dump_rows, rows_hash
from uno_site.audit.services import audit_record
from uno_site.engine_clients import base_model_name, served_client
from uno_site.errors import InvalidInput, UnoError
from uno_site.jobs.context import JobCancelled
from uno_site.jobs.models import Job
from uno_site.runtime.services import runtime_setting

from .arms import edit_arms_publish
from .check import edit_check
from .material import EDITS, edit_row, gate_rows, split_edits, usable_edits

NAME = "Everybody's edits"
#: After a run that failed the next is tried so much later.
RETRY_AFTER = timedelta(days=1)


def default_kinds() -> tuple[str, ...]:
    """SFT and the early ensemble; DPO alone where the admins want it, cost learning on request."""
    kinds: list[str] = [AdapterKind.SFT, AdapterKind.ENSEMBLE]
    return (*kinds, AdapterKind.DPO) if runtime_setting("edit_dpo") else tuple(kinds)


def edits_are_due() -> bool:
    """Whether there are edits enough, and half that number of new ones since they were learned.

    What failed, or learned from somebody who withdrew since, was never learned.
    """
    runs = TrainingRun.objects.filter(kind__in=EDIT_KINDS)
    if runs.filter(state__in=run_services.ACTIVE_STATES).exists():
        return False
    since = timezone.now() - RETRY_AFTER
    if runs.filter(state=RunState.FAILED, finished_at__gte=since).exists():
        return False
    needed, pairs = runtime_setting("edits_to_train"), edit_pairs()
    if pairs.count() < needed or len(usable := usable_edits()) < needed:
        return False
    learned = runs.filter(state__in=run_services.FINAL_STATES).exclude(adapters__is_tainted=True)
    last = learned.order_by("-created_at").first()
    if last is None:
        return True
    new = set(pairs.filter(created_at__gt=last.created_at).values_list("pk", flat=True))
    return bool(sum(pair.pair_id in new for pair in usable) >= needed / 2)


def edits_learn(
    report: Reporter, by: Any = None, job: Job | None = None, kinds: Sequence[str] = ()
) -> dict[str, Any]:
    """Train and check an adapter of each kind, then try what was accepted; states by run id.

    A job that was broken off goes on with its own runs, and what was trained before but could not
    be checked is checked instead of training anew. A kind that fails holds up no other.

    Raises
    ------
    InvalidInput
        An unknown kind, or fewer edits than the settings ask for.
    """
    chosen = tuple(kinds) or default_kinds()
    if unknown := sorted(set(chosen) - set(EDIT_KINDS)):
        raise InvalidInput(
            _("Nothing learns from edits by %(kinds)s.") % {"kinds": ", ".join(unknown)},
            remedy=_("Choose among: %(known)s.") % {"known": ", ".join(EDIT_KINDS)},
        )
    states: dict[str, str] = {}
    n_failed = 0
    for index, kind in enumerate(chosen):
        part = Portion(report, index / len(chosen), (index + 1) / len(chosen), f"{kind}: ")
        try:
            run = _unfinished(kind, job) or run_begin(kind, by, job)
            _finish(run, part)
            states[str(run.pk)] = run.state
        except (JobCancelled, InvalidInput):
            raise
        except UnoError as error:
            n_failed += 1
            report.log(f"{kind} failed: {error}")
    table = edit_arms_publish(by, note=f"Learned from edits by {', '.join(chosen)}")
    return {"runs": states, "n_failed": n_failed, "arms": table.version if table else None}


def edits_check(run: TrainingRun, report: Reporter, by: Any = None) -> None:
    """Finish a single run, and try what was accepted.

    Raises
    ------
    TrainingFailed, JobCancelled, InferenceError
        As :func:`training.services.execution.run_execute` and :func:`.check.edit_check`.
    """
    _finish(run, report)
    edit_arms_publish(by, note=f"Learned from edits by {run.kind}")


def _unfinished(kind: str, job: Job | None) -> TrainingRun | None:
    """The job's own run of ``kind``, else one that only waits to be checked: the job's from now."""
    runs = TrainingRun.objects.filter(kind=kind).order_by("-created_at")
    if job is not None and (own := runs.filter(job=job).first()):
        return own
    newest = runs.first()
    if newest is None or not lacks_check(newest):
        return None
    learned = set(newest.examples.values_list("pair_id", flat=True))
    is_same = learned == {pair.pair_id for pair in usable_edits()}
    if not is_same or not run_services.is_of_served_base(newest):
        return None
    newest.job = job
    newest.save(update_fields=["job", "updated_at"])
    return newest


def _finish(run: TrainingRun, report: Reporter) -> None:
    if run.state not in run_services.FINAL_STATES:
        run_execute(run, Portion(report, 0.0, 0.8))
        edit_check(run, Portion(report, 0.8, 1.0))


def run_begin(kind: str, by: Any, job: Job | None) -> TrainingRun:
    """Make a run of ``kind`` from all edits that may be learned from; nothing is trained yet.

    Raises
    ------
    InvalidInput
        Too few edits.
    InferenceError
        The engine does not answer: it is asked which base model it serves.
    """
    pairs, needed = usable_edits(), runtime_setting("edits_to_train")
    if len(pairs) < needed:
        raise InvalidInput(
            _("There are %(n)s edits to learn from; %(needed)s are needed.")
            % {"n": len(pairs), "needed": needed},
            remedy=_(
                "Approve more edits, or lower the number in the settings. Where several people "
                "edited, at most %(most)s of one person count."
            )
            % {"most": EDITS.max_per_person},
        )
    base = run_services.torch_base(served_client().health())
    run = TrainingRun(
        cluster_name=NAME,
        kind=kind,
        job=job,
        config=config_for(kind, base),
        seed=TrainingRun.objects.filter(kind=kind).count(),
        base_model=base_model_name(),
        base_sha256=base.sha256,
    )
    material = split_edits(pairs, seed=run.seed)
    train = [edit_row(pair) for pair in material.train]
    validation = [edit_row(pair) for pair in material.held_out]
    run.n_train, run.n_validation = len(train), len(validation)
    run.data_hash = rows_hash(train, validation)
    run.folder = str(settings.DATA_DIR / "runs" / str(run.pk))
    folder = run_services.run_folder(run)
    folder.write("train.jsonl", dump_rows(train))
    folder.write("validation.jsonl", dump_rows(validation))
    folder.write("prompts.jsonl", dump_rows(gate_rows(material.held_out)))
    folder.write_json("config.json", run_services.trainer_config(run, str(base.dir)))
    _save(run, material.train, material.held_out, by)
    return run


@transaction.atomic
def _save(
    run: TrainingRun, train: Sequence[EditPair], held_out: Sequence[EditPair], by: Any
) -> None:
    run.full_clean()
    run.save()
    TrainingExample.objects.bulk_create(
        TrainingExample(
            run=run,
            entry_id=pair.entry_id,
            entry_key=pair.entry_id,
            pair_id=pair.pair_id,
            split=split,
        )
        for split, pairs in ((Split.TRAIN, train), (Split.VALIDATION, held_out))
        for pair in pairs
    )
    data = {"kind": run.kind, "n": len(train) + len(held_out)}
    audit_record(actor=by, action="edits.run", subject=run, data=data)
