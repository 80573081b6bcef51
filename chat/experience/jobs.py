"""The store's background work: episodes, credit, vectors."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext_lazy as _

from chat.experience.services.capturing import episodes_capture, replies_to_capture
from chat.experience.services.crediting import uses_settle, uses_to_settle
from chat.experience.services.embedding import experiences_embed, unembedded
from chat.experience.services.switches import SETTING
from chat.experience.store import pgvector
from chat.experience.store.changes import changes_prune
from chat.experience.store.pgvector_index import indexes_ensure
from uno_site.jobs.context import JobContext
from uno_site.jobs.registry import job_kind
from uno_site.runtime.services import runtime_setting

#: Notes embedded by one job; what is left waits for the next.
EMBED_AT_ONCE = 2_000


def _has_episodes() -> bool:
    return bool(runtime_setting(SETTING)) and replies_to_capture().exists()


@job_kind(
    "experience.capture",
    title=_("Collect what may be learned from chats as notes"),
    every_minutes=5,
    has_work=_has_episodes,
)
def capture(ctx: JobContext) -> dict[str, Any]:
    """Pull episodes from the chats of people who agree."""
    report = episodes_capture()
    ctx.progress(1.0, f"{report.n_added} new, {report.n_changed} changed")
    return asdict(report)


@job_kind(
    "experience.credit",
    title=_("Count which notes helped"),
    every_minutes=1,
    has_work=lambda: uses_to_settle().exists(),
)
def credit(ctx: JobContext) -> dict[str, Any]:
    """Settle the uses about which something was said."""
    report = uses_settle()
    ctx.progress(1.0, f"{report.n_helpful} helped, {report.n_harmful} did harm")
    return asdict(report)


@job_kind(
    "experience.embed",
    title=_("Embed notes"),
    every_minutes=1,
    has_work=lambda: unembedded().exists(),
)
def embed(ctx: JobContext) -> dict[str, Any]:
    """Give vectors to notes that have none of the served embedder; keep the store's books."""
    n_embedded = experiences_embed(list(unembedded()[:EMBED_AT_ONCE]))
    ctx.progress(1.0, f"{n_embedded} notes")
    return {"n_embedded": n_embedded, "n_forgotten": changes_prune(), **_index()}


def _index() -> dict[str, Any]:
    if not pgvector.is_there():
        return {}
    pgvector.follow()
    return {"has_index": indexes_ensure()}
