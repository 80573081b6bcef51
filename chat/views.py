"""Pages of the chat: the list of conversations and one conversation."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect

from chat.models import Conversation, ConversationOrigin, Message, Reason
from chat.selectors import Turn, conversation_list, loose_conversations, shelf, thread
from chat.services.conversations import conversation_delete, conversation_rename
from chat.services.generations import generations_rescue
from chat.services.limits import MAX_MESSAGE_CHARS
from chat.services.messages import message_send
from chat.services.notices import notices_take
from uno_site.runtime.services import runtime_setting

#: The sidebar shows so many; search finds the older ones.
SIDEBAR_SIZE = 60


def own_conversation(request: HttpRequest, conversation_id: UUID) -> Conversation:
    """The conversation, if it is the requesting person's own; 404 otherwise."""
    return get_object_or_404(Conversation.objects.visible_to(request.user), pk=conversation_id)


def sidebar(
    request: HttpRequest, current: Conversation | None = None, *, is_listed: bool = False
) -> dict[str, Any]:
    """Context of the sidebar: what ``?q=`` or ``?origin=`` says, or (``is_listed``) the list."""
    search = "" if is_listed else request.GET.get("q", "").strip()
    origin = request.GET.get("origin", "") or (current.origin if current else "")
    is_api_list = origin == ConversationOrigin.API and not search
    is_plain = not search and not is_api_list
    user = request.user
    found = conversation_list(user, search) if search else loose_conversations(user, origin)
    return {
        "conversations": found[:SIDEBAR_SIZE],
        "shelf": shelf(user) if is_plain else None,
        "search": search,
        "is_api_list": is_api_list,
        "conversation": current,
        "max_chars": MAX_MESSAGE_CHARS,
    }


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """An empty conversation, ready to begin; tells once what of one's feedback is in use."""
    context = sidebar(request) | personal_switch(request.user)
    context["shipped"] = notices_take(request.user)
    return render(request, "chat/home.html", context)


@require_GET
def conversation_search(request: HttpRequest) -> HttpResponse:
    """The sidebar's list for ``?q=`` or ``?origin=api``; without htmx the home page with it."""
    template = "chat/conversation_items.html" if request.htmx else "chat/home.html"
    return render(request, template, sidebar(request))


@require_POST
def conversation_start(request: HttpRequest) -> HttpResponse:
    """Begin a conversation with a first message."""
    message, _reply = message_send(user=request.user, content=request.POST.get("content", ""))
    url = reverse("chat:conversation", args=[message.conversation_id])
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)


@require_GET
def conversation_detail(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """One conversation: the branch that is shown."""
    conversation = own_conversation(request, conversation_id)
    generations_rescue(conversation.pk)
    context = sidebar(request, conversation) | branch_context(conversation)
    context |= personal_switch(request.user)
    context["elsewhere"] = _elsewhere(conversation, context["turns"], request.GET.get("at", ""))
    return render(request, "chat/conversation_detail.html", context)


def personal_switch(user: Any) -> dict[str, Any]:
    """Context of the switch of one's personal adapter: shown to those who may have one."""
    is_shown = user.training_consent and runtime_setting("personal_adapters")
    return {"can_have_personal": is_shown}


def _elsewhere(conversation: Conversation, turns: list[Turn], wanted: str) -> Message | None:
    """The wanted message (``?at=`` of a search's link) where another branch than it is shown."""
    if not wanted or any(str(turn.message.pk) == wanted for turn in turns):
        return None
    with suppress(ValidationError):
        return conversation.messages.filter(pk=wanted).first()
    return None


@require_GET
def conversation_thread(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The shown branch alone."""
    return render_thread(request, own_conversation(request, conversation_id))


def render_thread(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    """The thread fragment for htmx; others go back to the page."""
    if not request.htmx:
        return redirect("chat:conversation", conversation.pk)
    conversation.refresh_from_db()
    context = {"conversation": conversation} | branch_context(conversation)
    return render(request, "chat/thread.html", context)


def branch_context(conversation: Conversation) -> dict[str, Any]:
    """Context of the thread fragment."""
    return {"turns": thread(conversation), "reasons": Reason.choices}


@require_POST
def conversation_send(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Send a message to the end of the shown branch."""
    conversation = own_conversation(request, conversation_id)
    content = request.POST.get("content", "")
    message_send(user=request.user, content=content, conversation=conversation)
    return render_thread(request, conversation)


@require_POST
def conversation_rename_view(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Give the conversation another title."""
    conversation = own_conversation(request, conversation_id)
    conversation_rename(conversation=conversation, title=request.POST.get("title", ""))
    return redirect("chat:conversation", conversation.pk)


@require_POST
def conversation_delete_view(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Delete the conversation and everything learned from it that is not trained yet."""
    conversation_delete(conversation=own_conversation(request, conversation_id))
    messages.success(request, _("The conversation was deleted."))
    return redirect("chat:home")
