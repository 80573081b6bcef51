from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "chat"
    label = "chat"

    def ready(self) -> None:
        from chat import jobs  # noqa: F401 - registers the kinds of job
        from chat.services import routes  # noqa: F401 - tells which adapters are served
