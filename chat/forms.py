"""Forms of the chat."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from chat.models import Conversation
from chat.services.messages import REPLY_SAMPLING
from chat.services.parameters import MAX_SYSTEM_PROMPT_CHARS, RANGES

LABELS = {
    "temperature": _("Temperature"),
    "top_p": _("Top p"),
    "max_tokens": _("Greatest length, in tokens"),
    "repeat_penalty": _("Penalty for repetition"),
}
HELP = {
    "temperature": _("0 always takes the likeliest word; higher is more varied."),
    "top_p": _("Only the likeliest words that make up this share are drawn from."),
    "max_tokens": _("A token is about three quarters of an English word."),
    "repeat_penalty": _("1 lets the reply repeat itself freely."),
}


class ConversationSettingsForm(forms.Form):
    """A conversation's system prompt and sampling; an empty field leaves what is usual."""

    system_prompt = forms.CharField(
        label=_("System prompt"),
        help_text=_("Goes before the conversation whenever the model is asked."),
        max_length=MAX_SYSTEM_PROMPT_CHARS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
    )

    def __init__(self, *args: Any, conversation: Conversation, **options: Any) -> None:
        initial = {"system_prompt": conversation.system_prompt, **conversation.sampling}
        super().__init__(*args, initial=initial, **options)
        for name, known in RANGES.items():
            kind = forms.IntegerField if known.is_whole else forms.FloatField
            step = 1 if known.is_whole else 0.05
            usual = getattr(REPLY_SAMPLING, name)
            self.fields[name] = kind(
                label=LABELS[name],
                help_text=HELP[name],
                min_value=known.low,
                max_value=known.high,
                required=False,
                widget=forms.NumberInput(attrs={"step": step, "placeholder": f"{usual:g}"}),
            )

    @property
    def sampling(self) -> dict[str, float]:
        """The parameters that were given (after validation)."""
        given = {name: self.cleaned_data[name] for name in RANGES}
        return {name: value for name, value in given.items() if value is not None}


class ImportForm(forms.Form):
    """A file of conversations to take in."""

    file = forms.FileField(label=_("File"))
