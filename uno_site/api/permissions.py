"""The API's permissions are the screens': who may not enter a room finds nothing there."""

from __future__ import annotations

from django.http import Http404
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


def _only_if(request: Request, is_allowed: bool) -> bool:
    """Refuse strangers with 403, and people without the role with 404."""
    if request.user.is_authenticated and not is_allowed:
        raise Http404
    return is_allowed


class IsCurator(BasePermission):
    """Curators and admins; for others the address does not exist."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Raise 404 for anybody else who is signed in."""
        return _only_if(request, getattr(request.user, "is_curator", False))


class ReadAsCuratorActAsAdmin(BasePermission):
    """Curators read, admins act."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Raise 404 for anybody else who is signed in."""
        needed = "is_curator" if request.method in SAFE_METHODS else "is_admin"
        return _only_if(request, getattr(request.user, needed, False))
