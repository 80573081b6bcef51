from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "uno_site.jobs"
    label = "jobs"
