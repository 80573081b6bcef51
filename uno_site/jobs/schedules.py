"""What the worker does by the clock."""

from __future__ import annotations

from django_q.models import Schedule

from .registry import all_kinds

WATCH = "uno: watch jobs"


def schedules_install() -> None:
    """Make the schedules: the watch every minute, and each kind that names an interval."""
    wanted = {WATCH: ("uno_site.jobs.tasks.watch", "", 1)}
    for kind in all_kinds():
        if kind.every_minutes is not None:
            call = ("uno_site.jobs.tasks.enqueue_if_needed", repr((kind.name,)), kind.every_minutes)
            wanted[f"uno: {kind.name}"] = call
    for name, (func, args, minutes) in wanted.items():
        Schedule.objects.update_or_create(
            name=name,
            defaults={
                "func": func,
                "args": args,
                "schedule_type": Schedule.MINUTES,
                "minutes": minutes,
                "repeats": -1,
            },
        )
    Schedule.objects.filter(name__startswith="uno: ").exclude(name__in=wanted).delete()
