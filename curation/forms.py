"""Forms of the curation rooms: filters in the URL, the policy, bindings, uploads."""

from __future__ import annotations

import math
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from curation.models import (
    Cluster,
    CurationPolicy,
    EntryState,
    PairSource,
    ReviewState,
    RoleBinding,
    RoleName,
)
from curation.roles.strategies import AUTO, STRATEGIES
from curation.services.clustering import RULES

TRUSTED_RULES = [
    ("extractive", "Rules taken from the user's own sentences"),
    ("reason", "Rules from reason chips"),
    ("edit", "Rules read off the user's own edit"),
    ("generative", "Rules written by the distiller's model"),
]


class FilterForm(forms.Form):
    """A filter kept in the URL; values that make no sense filter nothing."""

    q = forms.CharField(required=False, label="Search", max_length=200)
    cluster = forms.ModelChoiceField(
        Cluster.objects.none(), required=False, empty_label="Any cluster"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["cluster"].queryset = Cluster.objects.current()
        for field in self.fields.values():
            if isinstance(field, forms.ChoiceField):
                field.widget.attrs["class"] = "select select--small"

    def apply(self, rows: QuerySet) -> QuerySet:
        """The rows that pass."""
        self.is_valid()
        chosen = self.cleaned_data
        for name in self.fields:
            if chosen.get(name):
                rows = getattr(self, f"filter_{name}")(rows, chosen[name])
        return rows

    @property
    def is_active(self) -> bool:
        """Whether anything is filtered."""
        return self.is_valid() and any(self.cleaned_data.values())


class EntryFilter(FilterForm):
    """Which entries are listed."""

    state = forms.ChoiceField(required=False, choices=[("", "Any state"), *EntryState.choices])
    signal = forms.ChoiceField(
        required=False,
        label="Feedback",
        choices=[
            ("", "Any feedback"),
            ("correction", "With a correction"),
            ("sibling", "Another reply was preferred"),
            ("flagged", "Flagged"),
            ("excluded", "Excluded"),
        ],
    )
    source = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, sources: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["source"].choices = [("", "Any source"), *((s, s) for s in sources)]

    def filter_q(self, rows: QuerySet, text: str) -> QuerySet:
        return rows.filter(Q(query__icontains=text) | Q(response__icontains=text))

    def filter_cluster(self, rows: QuerySet, cluster: Cluster) -> QuerySet:
        return rows.filter(cluster=cluster)

    def filter_state(self, rows: QuerySet, state: str) -> QuerySet:
        return rows.filter(state=state)

    def filter_source(self, rows: QuerySet, source: str) -> QuerySet:
        return rows.filter(source=source)

    def filter_signal(self, rows: QuerySet, signal: str) -> QuerySet:
        return {
            "correction": rows.filter(correction__isnull=False),
            "sibling": rows.filter(preferred_sibling__isnull=False),
            "flagged": rows.exclude(flags=[]),
            "excluded": rows.filter(is_excluded=True),
        }[signal]


class ReviewFilter(FilterForm):
    """Which rules or pairs are listed; without a state, those that wait."""

    state = forms.ChoiceField(
        required=False,
        choices=[("", "To review"), ("all", "All"), *ReviewState.choices[1:]],
    )
    flagged = forms.ChoiceField(
        required=False,
        label="Flags",
        choices=[("", "Flagged or not"), ("no", "Not flagged"), ("yes", "Flagged")],
    )

    def filter_cluster(self, rows: QuerySet, cluster: Cluster) -> QuerySet:
        return rows.filter(entry__cluster=cluster)

    def filter_state(self, rows: QuerySet, state: str) -> QuerySet:
        return rows

    def filter_flagged(self, rows: QuerySet, flagged: str) -> QuerySet:
        return rows.exclude(flags=[]) if flagged == "yes" else rows.filter(flags=[])


class RuleFilter(ReviewFilter):
    """Which rules are listed."""

    def filter_q(self, rows: QuerySet, text: str) -> QuerySet:
        return rows.filter(Q(text__icontains=text) | Q(entry__query__icontains=text))


class PairFilter(ReviewFilter):
    """Which pairs are listed."""

    source = forms.ChoiceField(required=False, choices=[("", "Any source"), *PairSource.choices])

    def filter_q(self, rows: QuerySet, text: str) -> QuerySet:
        return rows.filter(Q(chosen__icontains=text) | Q(entry__query__icontains=text))

    def filter_source(self, rows: QuerySet, source: str) -> QuerySet:
        return rows.filter(source=source)


class PolicyForm(forms.ModelForm):
    """What passes without a curator, and the thresholds."""

    auto_approve_rules = forms.MultipleChoiceField(
        required=False,
        choices=TRUSTED_RULES,
        widget=forms.CheckboxSelectMultiple,
        label="Rules that pass by themselves",
    )
    auto_approve_pairs = forms.MultipleChoiceField(
        required=False,
        choices=PairSource.choices,
        widget=forms.CheckboxSelectMultiple,
        label="Pairs that pass by themselves",
    )
    clustering_rule = forms.ChoiceField(
        choices=[
            ("size_free", "Size-free: by what a split explains"),
            ("paper_threshold", "The paper's: Ward distance 4"),
        ]
    )

    class Meta:
        model = CurationPolicy
        fields = (
            "auto_approve_rules",
            "auto_approve_pairs",
            "gap_threshold",
            "clustering_rule",
            "distil_on_feedback",
        )
        labels = {
            "gap_threshold": "Gap from which a cluster takes the reflective path",
            "distil_on_feedback": "Process new feedback every five minutes",
        }
        help_texts = {
            "gap_threshold": "Between 0 and 1; the paper's value is 0.45.",
        }

    def clean_gap_threshold(self) -> float:
        value = self.cleaned_data["gap_threshold"]
        if not (math.isfinite(value) and 0 <= value <= 1):
            raise ValidationError("The gap threshold lies between 0 and 1.")
        return float(value)

    def clean_clustering_rule(self) -> str:
        rule = str(self.cleaned_data["clustering_rule"])
        if rule not in RULES:
            raise ValidationError("There is no such clustering rule.")
        return rule


class BindingForm(forms.ModelForm):
    """The model that does a role, and how."""

    engine_url = forms.URLField(
        required=False,
        assume_scheme="http",
        label="Engine's URL",
        help_text="Any server that speaks the OpenAI API. Empty means the served engine.",
    )
    requested = forms.ChoiceField(label="Strategy")
    engine_token = forms.CharField(
        required=False,
        label="Token",
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
        help_text="Leave it empty to keep the one that is stored.",
    )

    class Meta:
        model = RoleBinding
        fields = ("engine_url", "model", "engine_token", "requested")
        labels = {"model": "Model"}
        help_texts = {
            "model": "The model's name there. Empty means the first one it serves.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        strategies = STRATEGIES[RoleName(self.instance.role)]
        self.fields["requested"].choices = [
            (AUTO, "Automatic: the first that passes its check"),
            *((strategy.key, strategy.label) for strategy in strategies),
        ]


class UploadForm(forms.Form):
    """A log file to import."""

    file = forms.FileField(label="Log file")


class RuleTextForm(forms.Form):
    """A rule in other words."""

    text = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}))


class ChosenForm(forms.Form):
    """A better answer in other words."""

    chosen = forms.CharField(widget=forms.Textarea(attrs={"rows": 8}), strip=False)


class ClusterNameForm(forms.Form):
    """A cluster's name."""

    name = forms.CharField(max_length=120)
