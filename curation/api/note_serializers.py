"""What the API shows curators of the experience store."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from rest_framework import serializers

from chat.experience.api.serializers import USE_FIELDS
from chat.experience.models import Experience, Kind, Matching, RefineRun
from chat.experience.models.experiences import MAX_TRIGGER
from curation.experience.selectors import PlannedChange, planned_changes
from curation.ml.experience.filters import MAX_CHARS


class CuratedNoteSerializer(serializers.ModelSerializer):
    """A note; ``n_people`` is how many different people it rests on, ``flags`` what speaks
    against sharing it."""

    n_people = serializers.IntegerField(read_only=True)

    class Meta:
        model = Experience
        fields = [
            "id",
            "scope",
            "group",
            "kind",
            "matching",
            "trigger",
            "content",
            "status",
            "reason",
            "flags",
            "is_pinned",
            "source",
            "origin",
            "n_people",
            *USE_FIELDS,
            "reviewer",
            "reviewed_at",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class CuratedNoteChangeSerializer(serializers.Serializer):
    """What may be changed of a note; what is missing stays."""

    matching = serializers.ChoiceField(choices=Matching.choices, required=False)
    trigger = serializers.CharField(max_length=MAX_TRIGGER, required=False, allow_blank=True)
    content = serializers.CharField(max_length=MAX_CHARS, required=False)
    kind = serializers.ChoiceField(choices=Kind.choices, required=False)
    is_pinned = serializers.BooleanField(required=False)


class NoteShareSerializer(serializers.Serializer):
    """With whom: a group's id, or everybody without one."""

    group = serializers.PrimaryKeyRelatedField(
        queryset=Group.objects.all(), required=False, allow_null=True, default=None
    )


class PlannedChangeSerializer(serializers.Serializer):
    """A line of a refinement: what happens to which note, and why.

    The ids are null where the note is gone, or not the caller's to read. ``words`` are those of
    the questions that a widened note is for; empty where it is for every question.
    """

    action = serializers.CharField()
    reason = serializers.CharField()
    words = serializers.CharField()
    note = serializers.SerializerMethodField()
    other = serializers.SerializerMethodField()

    def get_note(self, change: PlannedChange) -> str | None:
        """The note that is changed."""
        return str(change.note.pk) if change.note else None

    def get_other(self, change: PlannedChange) -> str | None:
        """The note that stands in its place."""
        return str(change.other.pk) if change.other else None


class RefinementSerializer(serializers.ModelSerializer):
    """A refinement: planned, applied, declined or taken back."""

    class Meta:
        model = RefineRun
        fields = [
            "id",
            "state",
            "params",
            "figures",
            "created_by",
            "decided_by",
            "created_at",
            "applied_at",
            "reverted_at",
        ]
        read_only_fields = fields


class RefinementPlanSerializer(RefinementSerializer):
    """The same with its lines, at most 200."""

    changes = serializers.SerializerMethodField()

    class Meta(RefinementSerializer.Meta):
        fields = [*RefinementSerializer.Meta.fields, "changes"]
        read_only_fields = fields

    def get_changes(self, run: RefineRun) -> list[dict[str, Any]]:
        """What it changes, or did."""
        changes = planned_changes(run, self.context["request"].user)
        return [dict(row) for row in PlannedChangeSerializer(changes, many=True).data]
