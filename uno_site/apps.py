"""The site itself as an application: system checks and shared template tags."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class SiteConfig(AppConfig):
    name = "uno_site"
    label = "uno_site"

    def ready(self) -> None:
        from uno_site import checks  # noqa: F401


class UnoAdminConfig(AdminConfig):
    """``django.contrib.admin`` with UNO's own site."""

    default_site = "uno_site.read_only_admin.UnoAdminSite"
