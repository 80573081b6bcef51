from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    name = "uno_site.runtime"
    label = "runtime"
