from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "uno_site.audit"
    label = "audit"
