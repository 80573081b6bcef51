"""Forms of the curation rooms: the policy, bindings, uploads, names."""

from __future__ import annotations

import math
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from curation.models import (
    CurationPolicy,
    PairSource,
    RoleBinding,
    RoleName,
)
from curation.roles.strategies import AUTO, STRATEGIES
from curation.services.clustering import RULES

TRUSTED_RULES = [
    ("extractive", _lazy("Rules taken from the user's own sentences")),
    ("reason", _lazy("Rules from reason chips")),
    ("edit", _lazy("Rules read off the user's own edit")),
    ("generative", _lazy("Rules written by the distiller's model")),
]
CLUSTERING_RULES = [
    ("size_free", _lazy("Size-free: by what a split explains")),
    ("paper_threshold", _lazy("The paper's: Ward distance 4")),
]


def valid_threshold(value: float) -> float:
    """A gap threshold in [0, 1], else a :class:`ValidationError`."""
    if not (math.isfinite(value) and 0 <= value <= 1):
        raise ValidationError(_("The gap threshold lies between 0 and 1."))
    return float(value)


class WhatIfForm(forms.Form):
    """A gap threshold to try out; nothing is saved by it."""

    threshold = forms.FloatField(
        label=_lazy("Gap threshold"),
        validators=[valid_threshold],
        widget=forms.NumberInput(
            attrs={"class": "input input--small", "min": 0, "max": 1, "step": 0.01}
        ),
    )


class PolicyForm(forms.ModelForm):
    """What passes without a curator, and the thresholds."""

    auto_approve_rules = forms.MultipleChoiceField(
        required=False,
        choices=TRUSTED_RULES,
        widget=forms.CheckboxSelectMultiple,
        label=_lazy("Rules that pass by themselves"),
    )
    auto_approve_pairs = forms.MultipleChoiceField(
        required=False,
        choices=PairSource.choices,
        widget=forms.CheckboxSelectMultiple,
        label=_lazy("Pairs that pass by themselves"),
    )
    clustering_rule = forms.ChoiceField(choices=CLUSTERING_RULES)

    recluster_share = forms.FloatField(
        required=False,
        label=_lazy("Share of new entries after which everything is clustered anew"),
        help_text=_lazy("Above 0, at most 1. Until then new entries join the nearest cluster."),
    )

    class Meta:
        model = CurationPolicy
        fields = (
            "auto_approve_rules",
            "auto_approve_pairs",
            "gap_threshold",
            "clustering_rule",
            "recluster_share",
            "route_policy",
            "promotion_rule",
            "distil_on_feedback",
        )
        labels = {
            "gap_threshold": _lazy("Gap from which a cluster takes the reflective path"),
            "route_policy": _lazy("Which path is tried first"),
            "promotion_rule": _lazy("Win rate that a promotion needs"),
            "distil_on_feedback": _lazy("Process new feedback every five minutes"),
        }
        help_texts = {
            "gap_threshold": _lazy("Between 0 and 1; the paper's value is 0.45."),
            "route_policy": _lazy("Where nothing was verified yet, the paper's rule decides."),
            "promotion_rule": _lazy(
                "More than chance: the whole interval of 95 percent lies above one half."
            ),
        }

    def clean_gap_threshold(self) -> float:
        return valid_threshold(self.cleaned_data["gap_threshold"])

    def clean_recluster_share(self) -> float:
        value = self.cleaned_data["recluster_share"]
        if value is None:
            return float(self.instance.recluster_share)
        if not (math.isfinite(value) and 0 < value <= 1):
            raise ValidationError(_("The share lies above 0 and is at most 1."))
        return float(value)

    def clean_clustering_rule(self) -> str:
        rule = str(self.cleaned_data["clustering_rule"])
        if rule not in RULES:
            raise ValidationError(_("There is no such clustering rule."))
        return rule


class BindingForm(forms.ModelForm):
    """The model that does a role, and how."""

    engine_url = forms.URLField(
        required=False,
        assume_scheme="http",
        label="Engine's URL",
        help_text=_lazy("Any server that speaks the OpenAI API. Empty means the served engine."),
    )
    requested = forms.ChoiceField(label=_lazy("Strategy"))
    engine_token = forms.CharField(
        required=False,
        label=_lazy("Token"),
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
        help_text=_lazy("Leave it empty to keep the one that is stored."),
    )

    class Meta:
        model = RoleBinding
        fields = ("engine_url", "model", "engine_token", "requested")
        labels = {"model": _lazy("Model")}
        help_texts = {
            "model": _lazy("The model's name there. Empty means the first one it serves."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        strategies = STRATEGIES[RoleName(self.instance.role)]
        self.fields["requested"].choices = [
            (AUTO, _("Automatic: the first that passes its check")),
            *((strategy.key, strategy.label) for strategy in strategies),
        ]


class UploadForm(forms.Form):
    """A log file to import."""

    file = forms.FileField(label=_lazy("Log file"))


class ClusterNameForm(forms.Form):
    """A cluster's name."""

    name = forms.CharField(max_length=120)
