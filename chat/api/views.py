"""The chat room over the API: one's own conversations only; others are not there."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from chat.models import Conversation, Feedback, Message
from chat.services.conversations import (
    conversation_change,
    conversation_create,
    conversation_delete,
)
from chat.services.feedback import feedback_give, feedback_withdraw
from chat.services.messages import (
    message_correct,
    message_regenerate,
    message_send,
    message_stop,
)
from uno_site.api.bodies import valid_body

from . import serializers as s


class ConversationViewSet(viewsets.ReadOnlyModelViewSet):
    """The caller's conversations."""

    queryset = Conversation.objects.all()

    def get_queryset(self) -> Any:
        """The caller's own."""
        return Conversation.objects.visible_to(self.request.user).select_related("folder", "user")

    def get_serializer_class(self) -> type[Serializer]:
        """One conversation comes with its messages, a list without."""
        if self.action == "retrieve":
            return s.ConversationDetailSerializer
        return s.ConversationSerializer

    @extend_schema(request=None, responses={201: s.ConversationSerializer})
    def create(self, request: Request) -> Response:
        """Begin a conversation."""
        conversation = conversation_create(user=request.user)
        return Response(s.ConversationSerializer(conversation).data, status=201)

    @extend_schema(request=s.ConversationChangeSerializer, responses=s.ConversationSerializer)
    def partial_update(self, request: Request, pk: str | None = None) -> Response:
        """Give it another title or folder, pin it, or put it into the archive."""
        conversation = self.get_object()
        conversation_change(
            conversation=conversation, **valid_body(s.ConversationChangeSerializer, request)
        )
        return Response(s.ConversationSerializer(conversation).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str | None = None) -> Response:
        """Delete it, with what was learned from it."""
        conversation_delete(conversation=self.get_object())
        return Response(status=204)

    @extend_schema(request=s.TextSerializer, responses={202: s.TurnSerializer})
    @action(detail=True, methods=["post"])
    def send(self, request: Request, pk: str | None = None) -> Response:
        """Send a message; the reply is being written when this answers."""
        content = valid_body(s.TextSerializer, request)["content"]
        message, reply = message_send(
            user=request.user, content=content, conversation=self.get_object()
        )
        return Response(s.TurnSerializer({"message": message, "reply": reply}).data, status=202)


class MessageViewSet(mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Messages of the caller's conversations."""

    queryset = Message.objects.all()
    serializer_class = s.MessageSerializer

    def get_queryset(self) -> Any:
        """The caller's own."""
        visible = Message.objects.visible_to(self.request.user)
        return visible.select_related("conversation__user")

    @extend_schema(request=None, responses={202: s.MessageSerializer})
    @action(detail=True, methods=["post"])
    def regenerate(self, request: Request, pk: str | None = None) -> Response:
        """Have the reply written once more, as a sibling."""
        reply = message_regenerate(message=self.get_object())
        return Response(s.MessageSerializer(reply).data, status=202)

    @extend_schema(request=s.TextSerializer, responses={201: s.MessageSerializer})
    @action(detail=True, methods=["post"])
    def correct(self, request: Request, pk: str | None = None) -> Response:
        """Keep a correction of the reply, as a sibling."""
        content = valid_body(s.TextSerializer, request)["content"]
        correction = message_correct(message=self.get_object(), content=content)
        return Response(s.MessageSerializer(correction).data, status=201)

    @extend_schema(request=None, responses={202: None})
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str | None = None) -> Response:
        """Stop the reply that is being written."""
        message_stop(message=self.get_object())
        return Response(status=202)

    @extend_schema(request=s.FeedbackGiveSerializer, responses=s.FeedbackSerializer)
    @action(detail=True, methods=["put"])
    def feedback(self, request: Request, pk: str | None = None) -> Response:
        """Give feedback on the reply; what was given before is replaced."""
        body, message = valid_body(s.FeedbackGiveSerializer, request), self.get_object()
        feedback = feedback_give(
            message=message,
            thumb=body["thumb"],
            reasons=sorted(body["reasons"]),
            comment=body["comment"],
        )
        return Response(s.FeedbackSerializer(feedback).data)

    @extend_schema(request=None, responses={204: None})
    @feedback.mapping.delete
    def withdraw_feedback(self, request: Request, pk: str | None = None) -> Response:
        """Take the feedback back."""
        feedback_withdraw(message=self.get_object())
        return Response(status=204)


class FeedbackViewSet(viewsets.ReadOnlyModelViewSet):
    """The feedback that the caller gave."""

    queryset = Feedback.objects.all()
    serializer_class = s.FeedbackSerializer

    def get_queryset(self) -> Any:
        """The caller's own."""
        return Feedback.objects.visible_to(self.request.user)
