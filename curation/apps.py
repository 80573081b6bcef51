from django.apps import AppConfig


class CurationConfig(AppConfig):
    name = "curation"
    label = "curation"

    def ready(self) -> None:
        from curation import jobs  # noqa: F401 - registers the kinds of job
        from curation.experience import jobs as experience_jobs  # noqa: F401 - so does this
