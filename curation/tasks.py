"""The queue messages of the curation rooms: short, and safe to run twice."""

from __future__ import annotations

from curation.services.consent import withdrawn_entries
from curation.services.processing import process_if_pending
from uno_site.jobs.services import job_enqueue


def process_new_logs() -> str | None:
    """Queue the processing of new logs, where there are any."""
    return process_if_pending()


def take_back_withdrawn() -> str | None:
    """Queue the deletion of what was made from withdrawn logs, where there is any."""
    if not withdrawn_entries().exists():
        return None
    return str(job_enqueue(kind="curation.sync_consent").pk)
