"""Filters of the curation rooms' lists: each stands in the URL."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from curation.models import Cluster, EntryState, PairSource, ReviewState, SecondOpinion
from uno_site.accounts.selectors import curators


class FilterForm(forms.Form):
    """A filter kept in the URL; values that make no sense filter nothing."""

    q = forms.CharField(required=False, label=_lazy("Search"), max_length=200)
    cluster = forms.ModelChoiceField(
        Cluster.objects.none(), required=False, empty_label=_lazy("Any cluster")
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

    state = forms.ChoiceField(
        required=False, choices=[("", _lazy("Any state")), *EntryState.choices]
    )
    signal = forms.ChoiceField(
        required=False,
        label=_lazy("Feedback"),
        choices=[
            ("", _lazy("Any feedback")),
            ("correction", _lazy("With a correction")),
            ("sibling", _lazy("Another reply was preferred")),
            ("flagged", _lazy("Flagged")),
            ("excluded", _lazy("Excluded")),
        ],
    )
    source = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, sources: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["source"].choices = [("", _("Any source")), *((s, s) for s in sources)]

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
        choices=[
            ("", _lazy("To review")),
            *SecondOpinion.choices[:2],
            ("all", _lazy("All")),
            *ReviewState.choices[1:],
        ],
    )
    assigned = forms.ChoiceField(required=False, label=_lazy("Assigned"))
    flagged = forms.ChoiceField(
        required=False,
        label=_lazy("Flags"),
        choices=[
            ("", _lazy("Flagged or not")),
            ("no", _lazy("Not flagged")),
            ("yes", _lazy("Flagged")),
        ],
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        others = [
            (str(c.pk), _("For %(username)s") % {"username": c.username})
            for c in curators()
            if c.pk != user.pk
        ]
        self.fields["assigned"].choices = [
            ("", _("For anybody")),
            ("mine", _("For me")),
            ("nobody", _("Assigned to nobody")),
            *others,
        ]

    def filter_assigned(self, rows: QuerySet, assigned: str) -> QuerySet:
        if assigned == "nobody":
            return rows.filter(assigned_to__isnull=True)
        return rows.filter(assigned_to=self.user.pk if assigned == "mine" else assigned)

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

    source = forms.ChoiceField(
        required=False, choices=[("", _lazy("Any source")), *PairSource.choices]
    )

    def filter_q(self, rows: QuerySet, text: str) -> QuerySet:
        return rows.filter(Q(chosen__icontains=text) | Q(entry__query__icontains=text))

    def filter_source(self, rows: QuerySet, source: str) -> QuerySet:
        return rows.filter(source=source)
