"""The audit trail in the Django admin."""

from django.contrib import admin

from uno_site.read_only_admin import ReadOnlyAdmin

from .models import AuditEvent


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ("at", "actor", "action", "subject_type", "subject_id")
    list_select_related = ("actor",)
    search_fields = ("action",)
