"""What can be done with one message. Each answer is a fragment for htmx, or the page again."""

from __future__ import annotations

import json
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from chat.models import Feedback, Message, MessageRole, Reason
from chat.selectors import turn_of
from chat.services.feedback import feedback_explain, feedback_vote
from chat.services.messages import (
    message_correct,
    message_regenerate,
    message_revise,
    message_show,
    message_stop,
)
from chat.services.outcomes import outcome_say
from chat.views import render_thread, sidebar
from uno_site.errors import InvalidInput


def own_message(request: HttpRequest, message_id: UUID) -> Message:
    """The message, if it is of the requesting person's own conversation; 404 otherwise."""
    visible = Message.objects.visible_to(request.user).select_related("conversation__user")
    return get_object_or_404(visible, pk=message_id)


def render_message(
    request: HttpRequest, message: Message, toast: str = "", *, is_panel_open: bool = False
) -> HttpResponse:
    """The message's fragment for htmx; others go back to the page."""
    if not request.htmx:
        return redirect("chat:conversation", message.conversation_id)
    message.refresh_from_db()
    context = {"turn": turn_of(message), "reasons": Reason.choices, "is_panel_open": is_panel_open}
    return with_toast(render(request, "chat/message.html", context), toast)


def with_toast(response: HttpResponse, text: str) -> HttpResponse:
    """Have the page show ``text`` as a toast."""
    if text:
        response["HX-Trigger"] = json.dumps({"toast": {"text": text, "level": "ok"}})
    return response


@require_GET
def message_detail(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """One message as it is now."""
    return render_message(request, own_message(request, message_id))


@require_POST
def message_stop_view(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Stop a reply that is being written."""
    message = own_message(request, message_id)
    message_stop(message=message)
    if request.htmx:
        return HttpResponse(status=204)
    return redirect("chat:conversation", message.conversation_id)


@require_POST
def message_regenerate_view(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Have a reply written anew."""
    message = own_message(request, message_id)
    message_regenerate(message=message)
    return render_thread(request, message.conversation)


@require_POST
def message_show_view(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Show the branch through this message."""
    message = own_message(request, message_id)
    message_show(message=message)
    return render_thread(request, message.conversation)


@require_http_methods(["GET", "POST"])
def message_correct_view(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Edit a reply (GET: the editor); saving keeps the correction beside the original."""
    message = own_message(request, message_id)
    if request.method == "GET":
        return _render_editor(request, message, MessageRole.ASSISTANT)
    message_correct(message=message, content=request.POST.get("content", ""))
    thanks = _("Your correction is saved beside the original.")
    return with_toast(render_thread(request, message.conversation), thanks)


@require_http_methods(["GET", "POST"])
def message_revise_view(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Edit one's own message (GET: the editor) and ask anew."""
    message = own_message(request, message_id)
    if request.method == "GET":
        return _render_editor(request, message, MessageRole.USER)
    message_revise(message=message, content=request.POST.get("content", ""))
    return render_thread(request, message.conversation)


def _render_editor(request: HttpRequest, message: Message, role: str) -> HttpResponse:
    if message.role != role:
        raise Http404
    context = {"message": message, "is_reply": role == MessageRole.ASSISTANT}
    if request.htmx:
        return render(request, "chat/message_editor.html", context)
    context |= sidebar(request, message.conversation)
    return render(request, "chat/message_edit_page.html", context)


@require_POST
def message_vote(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Vote on a reply; the same thumb once more takes the vote back."""
    message = own_message(request, message_id)
    try:
        thumb = int(request.POST.get("thumb", ""))
    except ValueError:
        raise InvalidInput(_("The vote names no thumb.")) from None
    given = feedback_vote(message=message, thumb=thumb)
    toast = _("Thank you, noted.") if given else _("Vote taken back.")
    return render_message(request, message, toast, is_panel_open=given is not None)


@require_POST
def message_explain(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Say why a reply was good or bad."""
    message = own_message(request, message_id)
    feedback = get_object_or_404(Feedback, message=message, user=request.user)
    reasons, comment = request.POST.getlist("reasons"), request.POST.get("comment", "")
    feedback_explain(feedback=feedback, reasons=reasons, comment=comment)
    return render_message(request, message, _("Thank you, that helps."))


@require_POST
def message_act_view(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Say what became of a reply: the copy button says that it was copied."""
    message = own_message(request, message_id)
    outcome_say(message=message, action=request.POST.get("action", ""))
    if request.htmx:
        return HttpResponse(status=204)
    return redirect("chat:conversation", message.conversation_id)
