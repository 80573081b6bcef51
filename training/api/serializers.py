"""What the API shows of the training room."""

from __future__ import annotations

from rest_framework import serializers

from chat.models import RouteTable, ServedRoute
from training.models import CLUSTER_KIND_CHOICES, Adapter, Promotion, TrainingRun, Verification


class VerificationSerializer(serializers.ModelSerializer):
    """The held-out verification of a run."""

    class Meta:
        model = Verification
        fields = [
            "judge",
            "judge_check",
            "n_prompts",
            "threshold",
            "best_epoch",
            "win_rate",
            "low",
            "high",
            "is_accepted",
            "reason",
            "epochs",
            "samples",
            "health",
        ]
        read_only_fields = fields


class RunSerializer(serializers.ModelSerializer):
    """A training run."""

    verification = VerificationSerializer(read_only=True)

    class Meta:
        model = TrainingRun
        fields = [
            "id",
            "cluster",
            "cluster_name",
            "kind",
            "state",
            "job",
            "config",
            "seed",
            "base_model",
            "base_sha256",
            "data_hash",
            "n_train",
            "n_validation",
            "error",
            "created_at",
            "started_at",
            "finished_at",
            "verification",
        ]
        read_only_fields = fields


class RunStartSerializer(serializers.Serializer):
    """What to train."""

    cluster = serializers.UUIDField()
    kind = serializers.ChoiceField(CLUSTER_KIND_CHOICES, required=False)
    seed = serializers.IntegerField(default=0)


class AdapterSerializer(serializers.ModelSerializer):
    """A LoRA adapter in the registry."""

    class Meta:
        model = Adapter
        fields = [
            "id",
            "run",
            "cluster",
            "kind",
            "name",
            "version",
            "epoch",
            "sha256",
            "base_sha256",
            "state",
            "is_tainted",
            "taint_reason",
            "created_at",
        ]
        read_only_fields = fields


class PromotionSerializer(serializers.ModelSerializer):
    """One publication of the routes."""

    version = serializers.IntegerField(source="table.version", read_only=True)

    class Meta:
        model = Promotion
        fields = [
            "id",
            "action",
            "version",
            "table",
            "previous_table",
            "restored_table",
            "adapters",
            "reason",
            "by",
            "at",
        ]
        read_only_fields = fields


class PromoteSerializer(serializers.Serializer):
    """Which accepted adapters to serve.

    ``is_wide_allowed`` leaves routes that take unrelated prompts their reach; it needs a reason.
    """

    adapters = serializers.PrimaryKeyRelatedField(
        queryset=Adapter.objects.all(), many=True, allow_empty=False
    )
    reason = serializers.CharField(max_length=300, default="", allow_blank=True)
    is_wide_allowed = serializers.BooleanField(default=False)


class CanarySerializer(serializers.Serializer):
    """Which accepted adapter to serve to how many per cent of its cluster's conversations.

    0 rolls the canary back; to serve everybody, promote the adapter.
    """

    adapter = serializers.PrimaryKeyRelatedField(queryset=Adapter.objects.all())
    percent = serializers.IntegerField(min_value=0, max_value=99)
    reason = serializers.CharField(max_length=300, default="", allow_blank=True)


class RollbackSerializer(serializers.Serializer):
    """Which version to go back to; without one, the version before the active one."""

    version = serializers.IntegerField(required=False, min_value=1)
    reason = serializers.CharField(max_length=300, default="", allow_blank=True)


class ServedRouteSerializer(serializers.ModelSerializer):
    """How one cluster's queries are answered."""

    class Meta:
        model = ServedRoute
        fields = [
            "id",
            "cluster_id",
            "cluster_name",
            "kind",
            "distance_limit",
            "adapter_id",
            "adapter_name",
            "adapter_version",
            "rules",
            "canary_percent",
        ]
        read_only_fields = fields


class RouteTableSerializer(serializers.ModelSerializer):
    """One published version of all routes."""

    routes = ServedRouteSerializer(many=True, read_only=True)

    class Meta:
        model = RouteTable
        fields = ["id", "version", "is_active", "note", "published_by", "created_at", "routes"]
        read_only_fields = fields
