"""What the API shows of notes."""

from __future__ import annotations

from rest_framework import serializers

from chat.experience.models import Experience, Kind, Matching, UserSwitch
from chat.experience.models.experiences import MAX_CONTENT, MAX_TRIGGER

USE_FIELDS = [
    *("hits", "helpful", "harmful", "last_used"),
    *("valid_from", "invalid_at", "superseded_by"),
]
"""How a note did, and how long it holds."""


class NoteSerializer(serializers.ModelSerializer):
    """A note. ``matching`` and ``trigger`` say when it is of use: for questions like the trigger,
    for those that have its words, or always. ``is_own`` tells whether it may be changed."""

    is_own = serializers.SerializerMethodField()

    class Meta:
        model = Experience
        fields = [
            "id",
            "scope",
            "kind",
            "matching",
            "trigger",
            "content",
            "status",
            "reason",
            "is_pinned",
            "is_own",
            "source",
            *USE_FIELDS,
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    def get_is_own(self, note: Experience) -> bool:
        """Whether it is the caller's."""
        return note.owner_id == self.context["request"].user.pk


class NoteWriteSerializer(serializers.Serializer):
    """A note of one's own; ``trigger`` may be empty where ``matching`` is ``always``."""

    matching = serializers.ChoiceField(choices=Matching.choices, default=Matching.MEANING)
    trigger = serializers.CharField(max_length=MAX_TRIGGER, allow_blank=True, default="")
    content = serializers.CharField(max_length=MAX_CONTENT)
    kind = serializers.ChoiceField(choices=Kind.choices, default=Kind.FACT)


class NoteChangeSerializer(serializers.Serializer):
    """What may be changed of one's note; what is missing stays."""

    matching = serializers.ChoiceField(choices=Matching.choices, required=False)
    trigger = serializers.CharField(max_length=MAX_TRIGGER, required=False, allow_blank=True)
    content = serializers.CharField(max_length=MAX_CONTENT, required=False)
    kind = serializers.ChoiceField(choices=Kind.choices, required=False)
    is_pinned = serializers.BooleanField(required=False)
    is_on = serializers.BooleanField(required=False)


class NoteDisputeSerializer(serializers.Serializer):
    """``message`` is the reply that was shown the note, where it is about one."""

    message = serializers.UUIDField(required=False, allow_null=True, default=None)


class NoteSwitchSerializer(serializers.ModelSerializer):
    """Where notes are used for the caller, and whether they are learned from their chats."""

    class Meta:
        model = UserSwitch
        fields = ["is_on", "is_api_on", "is_learning_on"]
