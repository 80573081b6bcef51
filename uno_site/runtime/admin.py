"""Settings that were changed, in the Django admin."""

from django.contrib import admin

from uno_site.read_only_admin import ReadOnlyAdmin

from .models import RuntimeSetting


@admin.register(RuntimeSetting)
class RuntimeSettingAdmin(ReadOnlyAdmin):
    list_display = ("name", "value", "changed_by", "updated_at")
    list_select_related = ("changed_by",)
