"""The API's permissions are the screens': who may not enter a room finds nothing there."""

from __future__ import annotations

from django.http import Http404
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


class IsCurator(BasePermission):
    """Curators and admins; for others the address does not exist."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Raise 404 for anybody else."""
        if not request.user.is_curator:
            raise Http404
        return True


class IsAdmin(BasePermission):
    """Admins; for others the address does not exist."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Raise 404 for anybody else."""
        if not request.user.is_admin:
            raise Http404
        return True


class ReadAsCuratorActAsAdmin(BasePermission):
    """Curators read, admins act."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Raise 404 for anybody else."""
        is_read = request.method in ("GET", "HEAD", "OPTIONS")
        if not (request.user.is_admin or (is_read and request.user.is_curator)):
            raise Http404
        return True
