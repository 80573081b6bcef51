from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ExperienceConfig(AppConfig):
    name = "chat.experience"
    label = "experience"

    def ready(self) -> None:
        from chat.experience import jobs  # noqa: F401 - registers the kinds of job

        post_migrate.connect(_store_ensure, sender=self)


def _store_ensure(using: str, **_: Any) -> None:
    """Triggers, and PostgreSQL's vectors where they can be had: like the search index."""
    from chat.experience.store import pgvector, triggers

    triggers.ensure(using)
    pgvector.ensure(using)
