"""What the API shows of the curation room."""

from __future__ import annotations

from rest_framework import serializers

from curation.models import Cluster, LogEntry, PreferencePair, Rule

REVIEW_FIELDS = ["state", "flags", "reviewed_by", "reviewed_at", "is_auto_approved"]
PROVENANCE_FIELDS = ["strategy", "prompt_ref", "model", "adapter"]


class LogEntrySerializer(serializers.ModelSerializer):
    """A frozen log: query, response, feedback."""

    class Meta:
        model = LogEntry
        fields = [
            "id",
            "source",
            "external_id",
            "messages",
            "query",
            "response",
            "feedback",
            "correction",
            "label",
            "language",
            "licence",
            "model",
            "adapter",
            "state",
            "flags",
            "error",
            "is_excluded",
            "cluster",
            "cluster_distance",
            "gap",
            "created_at",
        ]
        read_only_fields = fields


class RuleSerializer(serializers.ModelSerializer):
    """A rule with its review and its provenance."""

    class Meta:
        model = Rule
        fields = [
            "id",
            "entry",
            "kind",
            "text",
            "original_text",
            "position",
            "merged_into",
            "novelty",
            *REVIEW_FIELDS,
            *PROVENANCE_FIELDS,
            "created_at",
        ]
        read_only_fields = fields


class PairSerializer(serializers.ModelSerializer):
    """A preference pair with its review and its provenance; the prompt is the entry's messages."""

    prompt = serializers.JSONField(source="entry.messages", read_only=True)

    class Meta:
        model = PreferencePair
        fields = [
            "id",
            "entry",
            "source",
            "prompt",
            "chosen",
            "rejected",
            "original_chosen",
            "score",
            *REVIEW_FIELDS,
            *PROVENANCE_FIELDS,
            "created_at",
        ]
        read_only_fields = fields


class ClusterSerializer(serializers.ModelSerializer):
    """A cluster with its cognitive gap and its noise flag."""

    n_entries = serializers.IntegerField(source="entries.count", read_only=True)

    class Meta:
        model = Cluster
        fields = [
            "id",
            "name",
            "n_entries",
            "distance_limit",
            "gap",
            "gap_scorer",
            "gap_stats",
            "gap_route",
            "is_noise",
            "noise_reasons",
            "is_excluded",
            "retired_at",
            "created_at",
        ]
        read_only_fields = fields


class RuleEditSerializer(serializers.Serializer):
    """The rule in other words."""

    text = serializers.CharField(max_length=1000)


class PairEditSerializer(serializers.Serializer):
    """Another better answer."""

    chosen = serializers.CharField(max_length=50_000)


class ExcludeSerializer(serializers.Serializer):
    """Whether to keep it out of training."""

    is_excluded = serializers.BooleanField()
