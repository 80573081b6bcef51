from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ChatConfig(AppConfig):
    name = "chat"
    label = "chat"

    def ready(self) -> None:
        from chat import jobs  # noqa: F401 - registers the kinds of job
        from chat.services import routes  # noqa: F401 - tells which adapters are served

        post_migrate.connect(_search_index_ensure, sender=self)


def _search_index_ensure(using: str, **_: Any) -> None:
    from chat.full_text import index_ensure

    index_ensure(using)
