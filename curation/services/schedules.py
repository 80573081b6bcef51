"""The curation rooms' scheduled work (django-q2)."""

from __future__ import annotations

from django_q.models import Schedule

PROCESS_MINUTES = 5
CONSENT_MINUTES = 5
SCHEDULES = {
    "curation: process new logs": ("curation.tasks.process_new_logs", PROCESS_MINUTES),
    "curation: take back withdrawn logs": ("curation.tasks.take_back_withdrawn", CONSENT_MINUTES),
}


def setup_schedules() -> int:
    """Make or mend the schedules; how many there are. Safe to call at every start."""
    for name, (func, minutes) in SCHEDULES.items():
        Schedule.objects.update_or_create(
            name=name,
            defaults={"func": func, "schedule_type": Schedule.MINUTES, "minutes": minutes},
        )
    return len(SCHEDULES)
