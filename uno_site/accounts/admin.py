"""People and their keys in the Django admin, without what lets anybody in."""

from django.contrib import admin

from uno_site.read_only_admin import ReadOnlyAdmin

from .models import ApiKey, ApiUsage, ConsentEvent, DailyUsage, Invitation, User


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ("username", "role", "training_consent", "is_active", "last_login")
    list_filter = ("role", "training_consent", "is_active")
    search_fields = ("username", "email")
    exclude = ("password", "groups", "user_permissions", "is_staff", "is_superuser")


@admin.register(ConsentEvent)
class ConsentEventAdmin(ReadOnlyAdmin):
    list_display = ("user", "has_consented", "at")
    list_filter = ("has_consented",)
    list_select_related = ("user",)


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    list_display = ("email", "role", "created_by", "expires_at", "accepted_by")
    list_select_related = ("created_by", "accepted_by")


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = ("name", "prefix", "user", "last_used_at", "revoked_at")
    list_select_related = ("user",)
    exclude = ("digest",)


@admin.register(ApiUsage)
class ApiUsageAdmin(ReadOnlyAdmin):
    list_display = ("key", "day", "n_requests", "prompt_tokens", "completion_tokens")
    list_select_related = ("key",)


@admin.register(DailyUsage)
class DailyUsageAdmin(ReadOnlyAdmin):
    list_display = ("user", "day", "n_messages", "n_tokens")
    list_select_related = ("user",)
