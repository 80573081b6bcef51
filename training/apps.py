from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "training"
    label = "training"

    def ready(self) -> None:
        from training import jobs  # noqa: F401 - registers the kinds of job
