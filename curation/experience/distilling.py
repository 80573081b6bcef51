"""Episodes become notes when nobody waits: claimed, checked, kept or refused by name."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from chat.experience.models import Episode, EpisodeState, UserSwitch
from chat.experience.services.switches import SETTING
from curation.experience.drafting import Drafter, resolve_drafter
from curation.experience.episodes import EpisodeText, episode_text
from curation.experience.idle import is_engine_busy
from curation.experience.writing import is_over_quota, note_add
from curation.ml.experience.drafts import NoteDraft
from curation.ml.experience.filters import hostile_reason, refusal_of
from curation.ml.experience.grounded import ungrounded
from uno_site.engine_clients import served_client
from uno_site.inference.errors import EngineBusy, EngineUnreachable
from uno_site.runtime.services import runtime_setting

BATCH = 16
STALE_AFTER = timedelta(minutes=10)
"""A claim this old belongs to a process that died; its episodes are taken up again."""
QUOTA = "quota"


@dataclass(slots=True)
class DistilReport:
    """How the waiting episodes ended; ``refusals`` counts them by reason."""

    n_distilled: int = 0
    n_nothing: int = 0
    n_refused: int = 0
    n_failed: int = 0
    n_notes: int = 0
    n_known: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    is_interrupted: bool = False


def pending_episodes() -> Any:
    """Episodes to learn from that nobody is working on, the oldest first."""
    is_free = Q(claim="") | Q(claimed_at__lt=timezone.now() - STALE_AFTER)
    off = UserSwitch.objects.filter(is_learning_on=False).values("user")
    return Episode.objects.pending().filter(is_free).exclude(user__in=off)


def has_idle_work() -> bool:
    """Whether there is something to learn from, and nobody who waits for the engine."""
    is_on = bool(runtime_setting(SETTING))
    return is_on and pending_episodes().exists() and not is_engine_busy()


def episodes_distil(
    *,
    drafter: Drafter | None = None,
    is_busy: Callable[[], bool] = is_engine_busy,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> DistilReport:
    """Learn from every waiting episode, until somebody needs the engine.

    Raises
    ------
    EngineUnreachable
        The model is gone; episodes not done yet stay waiting.
    """
    report, done, total = DistilReport(), 0, pending_episodes().count()
    while total and not (busy := is_busy()):
        episodes = _claim(BATCH)
        if not episodes:
            break
        drafter = drafter or resolve_drafter()
        _distil_batch(episodes, drafter, report)
        done += len(episodes)
        on_progress(done, max(total, done))
    report.is_interrupted = bool(total and done < total and busy)
    return report


def _claim(limit: int) -> list[Episode]:
    claim, now = str(uuid.uuid4()), timezone.now()
    ids = list(pending_episodes().values_list("pk", flat=True)[:limit])
    pending_episodes().filter(pk__in=ids).update(claim=claim, claimed_at=now)
    claimed = Episode.objects.filter(claim=claim).select_related("user", "message")
    return list(claimed.order_by("created_at", "pk"))


def _distil_batch(episodes: Sequence[Episode], drafter: Drafter, report: DistilReport) -> None:
    texts = []
    for episode in episodes:
        text = episode_text(episode)
        reason = hostile_reason(*text.own_words) if text else None
        if text is None:
            _finish(episode, EpisodeState.NOTHING, "", report)
        elif reason:
            _refuse(episode, [reason], report)
        else:
            texts.append(text)
    for text, own in zip(texts, _drafts_of(texts, drafter), strict=True):
        if isinstance(own, str):
            _finish(text.episode, EpisodeState.FAILED, own, report)
        else:
            _keep(text, own, report)


def _drafts_of(texts: Sequence[EpisodeText], drafter: Drafter) -> list[list[NoteDraft] | str]:
    """The drafts of each episode, or what went wrong; a bad one takes no other along."""
    try:
        return list(drafter.draft(texts)) if texts else []
    except (EngineUnreachable, EngineBusy):
        _release([text.episode for text in texts])
        raise
    except Exception as error:
        if len(texts) == 1:
            return [type(error).__name__]
        return [one for text in texts for one in _drafts_of([text], drafter)]


def _keep(text: EpisodeText, drafts: Sequence[NoteDraft], report: DistilReport) -> None:
    """Check each draft and keep what stands; what does not is on the episode's record."""
    reasons = _reasons_said(text)
    standing = []
    for draft in drafts:
        fault = fault_of(draft, text)
        if fault:
            reasons.append(fault)
        else:
            standing.append(draft)
    try:
        n_kept, further = _write(text.episode, standing, report)
    except (EngineUnreachable, EngineBusy):
        _release([text.episode])
        raise
    _end(text.episode, n_kept, [*reasons, *further], report)


def fault_of(draft: NoteDraft, text: EpisodeText) -> str:
    """Why a draft may not be kept, by name; empty where it may."""
    refusal = refusal_of(draft.trigger, draft.content)
    if refusal:
        return refusal.reason
    return ungrounded(draft.content, text.heard.sources) or ""


def _reasons_said(text: EpisodeText) -> list[str]:
    """What was refused before it became a draft: a sentence with a link, a secret, a person."""
    words = [word for word in text.own_words[1:] if word]
    found = [refusal_of(sentence) for word in words for sentence in word.splitlines()]
    return list(dict.fromkeys(one.reason for one in found if one and one.reason != "too_long"))


def _write(
    episode: Episode, drafts: Sequence[NoteDraft], report: DistilReport
) -> tuple[int, list[str]]:
    """How many drafts were kept, and why others were not."""
    if not drafts:
        return 0, []
    texts = [*(draft.trigger for draft in drafts), *(draft.content for draft in drafts)]
    vectors = served_client().embed(texts)
    n_kept, refused = 0, []
    for number, draft in enumerate(drafts):
        if is_over_quota(episode.user):
            refused.append(QUOTA)
            continue
        _, is_new = note_add(episode, draft, vectors[number], vectors[len(drafts) + number])
        n_kept += 1
        report.n_notes += is_new
        report.n_known += not is_new
    return n_kept, refused


def _end(episode: Episode, n_kept: int, reasons: Sequence[str], report: DistilReport) -> None:
    if n_kept:
        report.refusals.update(reasons)
        _finish(episode, EpisodeState.DISTILLED, _on_record(reasons), report)
    elif reasons:
        _refuse(episode, reasons, report)
    else:
        _finish(episode, EpisodeState.NOTHING, "", report)


def _refuse(episode: Episode, reasons: Sequence[str], report: DistilReport) -> None:
    report.refusals.update(reasons)
    _finish(episode, EpisodeState.REFUSED, _on_record(reasons), report)


def _on_record(reasons: Sequence[str]) -> str:
    """The reasons by name, each once: nothing of what was refused is kept."""
    return ", ".join(dict.fromkeys(reasons))[:300]


@transaction.atomic
def _finish(episode: Episode, state: EpisodeState, reason: str, report: DistilReport) -> None:
    ours = Episode.objects.filter(pk=episode.pk, claim=episode.claim, state=EpisodeState.PENDING)
    if ours.update(
        state=state, reason=reason, claim="", claimed_at=None, updated_at=timezone.now()
    ):
        counter = f"n_{state}"
        setattr(report, counter, getattr(report, counter) + 1)


def _release(episodes: Sequence[Episode]) -> None:
    Episode.objects.filter(
        pk__in=[episode.pk for episode in episodes], state=EpisodeState.PENDING
    ).update(claim="", claimed_at=None)
