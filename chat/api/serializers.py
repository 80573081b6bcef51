"""What the API shows of the chat room."""

from __future__ import annotations

from rest_framework import serializers

from chat.models import Conversation, Feedback, Message, Reason


class FeedbackSerializer(serializers.ModelSerializer):
    """A person's verdict on one reply."""

    class Meta:
        model = Feedback
        fields = ["id", "message", "thumb", "reasons", "comment", "created_at", "updated_at"]
        read_only_fields = fields


class FeedbackGiveSerializer(serializers.Serializer):
    """A thumb, with why. The thumb replaces the one before."""

    thumb = serializers.ChoiceField(choices=[(1, "good"), (-1, "bad")])
    reasons = serializers.MultipleChoiceField(choices=Reason.choices, default=list)
    comment = serializers.CharField(max_length=2000, allow_blank=True, default="")


class MessageSerializer(serializers.ModelSerializer):
    """One turn of the tree; ``provenance`` says why a reply came."""

    class Meta:
        model = Message
        fields = [
            "id",
            "conversation",
            "parent",
            "role",
            "origin",
            "state",
            "content",
            "error",
            "correction_of",
            "provenance",
            "created_at",
        ]
        read_only_fields = fields


class ConversationSerializer(serializers.ModelSerializer):
    """A conversation without its messages; ``folder`` is the name of its folder."""

    folder = serializers.CharField(source="folder.name", read_only=True, default=None)

    class Meta:
        model = Conversation
        fields = [
            "id",
            "title",
            "origin",
            "leaf",
            "is_pinned",
            "archived_at",
            "folder",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class ConversationChangeSerializer(serializers.Serializer):
    """What may be changed of a conversation; what is missing stays."""

    title = serializers.CharField(max_length=120, required=False)
    is_pinned = serializers.BooleanField(required=False)
    is_archived = serializers.BooleanField(required=False)
    folder = serializers.CharField(max_length=60, required=False, allow_blank=True)


class ConversationDetailSerializer(ConversationSerializer):
    """A conversation with its whole tree of messages."""

    messages = MessageSerializer(many=True, read_only=True)

    class Meta(ConversationSerializer.Meta):
        fields = [*ConversationSerializer.Meta.fields, "messages"]


class TextSerializer(serializers.Serializer):
    """A text to send or to correct a reply with."""

    content = serializers.CharField(max_length=50_000)


class TurnSerializer(serializers.Serializer):
    """A message and its reply, which is being written: read it again until it is complete."""

    message = MessageSerializer()
    reply = MessageSerializer()
