"""Jobs over the API: read them, start, cancel and retry."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter
from rest_framework.viewsets import ReadOnlyModelViewSet

from uno_site.api.bodies import valid_body
from uno_site.api.permissions import IsCurator

from .models import Job
from .registry import get_kind, may_start
from .services import job_cancel, job_enqueue, job_retry


class JobSerializer(serializers.ModelSerializer):
    """A job with its progress."""

    class Meta:
        model = Job
        fields = [
            "id",
            "kind",
            "title",
            "queue",
            "params",
            "state",
            "progress",
            "message",
            "eta_seconds",
            "log",
            "error",
            "result",
            "attempts",
            "created_at",
            "started_at",
            "finished_at",
        ]
        read_only_fields = fields


class JobStartSerializer(serializers.Serializer):
    """What to start."""

    kind = serializers.CharField(max_length=60)
    params = serializers.DictField(default=dict)


class JobViewSet(ReadOnlyModelViewSet):
    """Background jobs. ``start`` needs the kind's role."""

    queryset = Job.objects.all()
    serializer_class = JobSerializer
    permission_classes = [IsCurator]

    def get_queryset(self) -> Any:
        """The jobs that the caller may see."""
        return Job.objects.visible_to(self.request.user)

    @extend_schema(request=JobStartSerializer, responses={201: JobSerializer})
    @action(detail=False, methods=["post"])
    def start(self, request: Request) -> Response:
        """Queue a job."""
        body = valid_body(JobStartSerializer, request)
        kind = get_kind(body["kind"])
        if not may_start(request.user, kind):
            raise Http404
        job = job_enqueue(kind=kind.name, params=body["params"], by=request.user)
        return Response(JobSerializer(job).data, status=201)

    @extend_schema(request=None, responses=JobSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str | None = None) -> Response:
        """Ask the job to stop."""
        return self._act(request, job_cancel)

    @extend_schema(request=None, responses=JobSerializer)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str | None = None) -> Response:
        """Queue a failed or cancelled job again."""
        return self._act(request, job_retry)

    def _act(self, request: Request, service: Any) -> Response:
        job = self.get_object()
        if not may_start(request.user, get_kind(job.kind)):
            raise Http404
        return Response(JobSerializer(service(job=job, by=request.user)).data)


router = DefaultRouter()
router.include_root_view = False
router.register("jobs", JobViewSet)
urlpatterns = router.urls
