"""Pins, folders and the archive."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from chat.models import Conversation
from chat.services.organising import (
    conversation_archive,
    conversation_file,
    conversation_pin,
    conversation_restore,
)
from chat.views import own_conversation, sidebar

PAGE_SIZE = 30


@require_POST
def conversation_pin_view(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Pin the conversation, or unpin it (``pinned=0``)."""
    is_pinned = request.POST.get("pinned") != "0"
    conversation_pin(conversation=own_conversation(request, conversation_id), is_pinned=is_pinned)
    return redirect("chat:conversation", conversation_id)


@require_POST
def conversation_file_view(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Put the conversation into a folder; an empty name takes it out."""
    conversation = own_conversation(request, conversation_id)
    conversation_file(conversation=conversation, folder_name=request.POST.get("folder", ""))
    return redirect("chat:conversation", conversation_id)


@require_POST
def conversation_archive_view(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Put the conversation into the archive; the notice offers to undo it."""
    conversation_archive(conversation=own_conversation(request, conversation_id))
    undo = reverse("chat:restore", args=[conversation_id])
    messages.success(request, _("Moved to the archive."), extra_tags=undo)
    return redirect("chat:home")


@require_POST
def conversation_restore_view(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Bring the conversation back from the archive."""
    conversation_restore(conversation=own_conversation(request, conversation_id))
    return redirect("chat:conversation", conversation_id)


@require_GET
def archive(request: HttpRequest) -> HttpResponse:
    """The archived conversations, the latest first."""
    archived = Conversation.objects.visible_to(request.user).archived()
    page = Paginator(archived, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "chat/archive.html", sidebar(request) | {"page": page})
