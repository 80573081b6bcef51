"""The Django admin: for whatever has no page of its own. Admins look, nobody changes anything.

Changes go through the services, which check and audit them. What people wrote is not shown.
"""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse


class UnoAdminSite(AdminSite):
    """Lets in whoever has the admin's role; for everybody else it is not there."""

    site_header = site_title = "UNO"

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the person is an admin."""
        return bool(request.user.is_active and getattr(request.user, "is_admin", False))

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """There is one way to sign in; who did so and is no admin finds nothing."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise Http404
        return redirect(f"{reverse('accounts:login')}?next={reverse('admin:index')}")


class ReadOnlyAdmin(ModelAdmin):
    """Rows to look at."""

    list_per_page = 50
    show_full_result_count = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Admins may look."""
        return bool(getattr(request.user, "is_admin", False))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Admins may look."""
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody adds."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes."""
        return False
