"""The site itself as an application: system checks and shared template tags."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "uno_site"
    label = "uno_site"

    def ready(self) -> None:
        from uno_site import checks  # noqa: F401
