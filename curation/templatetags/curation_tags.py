"""Tags of the curation rooms' templates."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from chat.models import Reason
from curation.forms import CLUSTERING_RULES
from curation.models import Cluster, ClusterEvent, LogEntry, ReviewState, SecondOpinion
from curation.queues import MAX_COUNT, overview_counts
from curation.services.flags import flag_label
from curation.services.seen import seen_stamp
from uno_site.audit.models import AuditEvent

register = template.Library()
register.filter("flag_label", flag_label)
register.filter("seen", seen_stamp)

RULE_SOURCES = {
    "extractive": _("from the user's own words"),
    "reason": _("from a reason ticked"),
    "edit": _("from a correction"),
    "generative": _("written by a model"),
}
LEVELS = {
    ReviewState.PROPOSED: "info",
    ReviewState.APPROVED: "ok",
    ReviewState.REJECTED: "bad",
    "distilled": "ok",
    "pending": "info",
    "failed": "bad",
    "expert": "accent",
    "critic": "info",
    SecondOpinion.WANTED: "info",
    SecondOpinion.DISPUTED: "warn",
    SecondOpinion.SETTLED: "outline",
    "candidate": "info",
    "active": "ok",
    "quarantined": "warn",
    "archived": "outline",
    "superseded": "outline",
    "planned": "info",
    "applied": "ok",
    "reverted": "warn",
}

OWN_EVENTS = {
    "created": _("Created from {n} entries"),
    "split": _("Split off from {other} with {moved} entries"),
    "joined": _("{moved} entries joined"),
    "reclustered": _("Clustered anew, {moved} entries came or left"),
    "regrouped": _("Regrouped by a curator, {moved} entries came or left"),
    "merged": _("Became part of {other} with {moved} entries"),
    "retired": _("Retired: its entries went elsewhere or are gone"),
}
EVENTS_OF_OTHERS = {
    "split": _("{other} split off with {moved} entries"),
    "merged": _("{other} became part of it with {moved} entries"),
}


@register.inclusion_tag("curation/subnav.html", takes_context=True)
def curation_nav(context: Any, here: str, counts: dict[str, int] | None = None) -> dict[str, Any]:
    """The rooms' tabs with what waits in each (``counts``); ``here`` is the open one."""
    counts = overview_counts() if counts is None else counts
    return {"here": here, "counts": counts, "user": context["request"].user}


@register.simple_tag
def cluster_event(event: ClusterEvent, cluster: Cluster) -> SafeString:
    """What an event meant for a cluster: its own, or one of another cluster that names it."""
    is_own = event.cluster_id == cluster.pk
    words = (OWN_EVENTS if is_own else EVENTS_OF_OTHERS)[event.kind]
    other = _cluster_link(event.other if is_own else event.cluster)
    return format_html(str(words), n=event.n_entries, moved=event.n_moved, other=other)


def _cluster_link(cluster: Cluster | None) -> str | SafeString:
    if cluster is None:
        return str(_("another cluster"))
    url = reverse("curation:cluster", args=[cluster.pk])
    return format_html('<a href="{}">{}</a>', url, cluster.name)


@register.filter
def badge_level(state: str) -> str:
    """The colour of a state's badge."""
    return LEVELS.get(state, "")


NOISE_RULES = {
    "rules_disagree": (_("Disagreement in rules"), _("pairs of entries that want the opposite")),
    "corrections_disagree": (
        _("Disagreement in corrections"),
        _("how far corrections change the style the same way"),
    ),
    "low_grounding": (_("Low grounding"), _("what its rules say that the feedback says too")),
    "many_flagged": (_("Flagged entries"), _("entries whose rules all failed a check")),
    "beside_the_point": (
        _("Hostile or off-topic feedback"),
        _("entries whose words are mostly abuse or about something else"),
    ),
    "single_user": (_("One voice"), _("entries of the person with the most")),
    "drift": (_("Drift"), _("how far its centre moved since everything was clustered")),
    "too_few_entries": (_("Size"), _("entries, of which some are held out to verify")),
}
COUNTED = frozenset(["too_few_entries"])
DISTANCES = frozenset(["drift"])


@register.inclusion_tag("curation/cluster_noise.html")
def cluster_noise(user: Any, cluster: Cluster) -> dict[str, Any]:
    """Every rule that looks for noise: what it measured, and entries that show it."""
    wanted = {key for finding in cluster.noise_findings for key in finding["examples"]}
    entries = {str(e.pk): e for e in LogEntry.objects.visible_to(user).filter(pk__in=wanted)}
    rows = [
        {
            **finding,
            "label": NOISE_RULES[finding["key"]][0],
            "measure": NOISE_RULES[finding["key"]][1],
            "value_text": _measured(finding["key"], finding["value"]),
            "threshold_text": _measured(finding["key"], finding["threshold"]),
            "entries": [entries[key] for key in finding["examples"] if key in entries],
        }
        for finding in cluster.noise_findings
    ]
    return {"rows": sorted(rows, key=lambda row: (not row["is_found"], not row["is_blocking"]))}


def _measured(key: str, value: float | None) -> str:
    if value is None or key in COUNTED:
        return "–" if value is None else f"{value:.0f}"
    return f"{value:.3f}" if key in DISTANCES else f"{100 * value:.0f} %"


REGROUPINGS = {
    "merge": _("Merge the clusters"),
    "split": _("Split the cluster in two"),
    "split_off": _("Split off into a cluster of its own"),
    "exclude": _("Exclude the entries"),
}


@register.simple_tag
def regroup_title(kind: str) -> str:
    """What a curator is about to do with clusters or entries."""
    return str(REGROUPINGS[kind])


SIGNAL_LABELS = {
    "thumb": _("Thumb"),
    "reason": _("Reason"),
    "comment": _("Comment"),
    "follow_up": _("Follow-up"),
}


@register.filter
def signal_label(kind: str) -> str:
    """What a piece of feedback is called."""
    return str(SIGNAL_LABELS.get(kind, kind))


@register.filter
def cut_rule(name: str | None) -> str:
    """A clustering rule in the policy's words; a dash where none is known."""
    return str(dict(CLUSTERING_RULES).get(name or "", name or "–"))


@register.filter
def rule_source(strategy: str) -> str:
    """Where a rule comes from, in words; a dash where nobody knows."""
    return str(RULE_SOURCES.get(strategy, strategy or "–"))


@register.filter
def reason_label(key: str) -> str:
    """A reason chip's words."""
    return Reason(key).label if key in Reason.values else key.replace("_", " ")


@register.filter
def figure(value: float | None, digits: int = 2) -> str:
    """A number with a fixed count of decimals, or a dash."""
    return "–" if value is None else f"{value:.{digits}f}"


@register.filter
def capped(count: int) -> str:
    """A count of the tabs, which are counted no further than :data:`MAX_COUNT`."""
    return f"{MAX_COUNT}+" if count > MAX_COUNT else str(count)


@register.simple_tag
def bulk_url(noun: str, action: str) -> str:
    """Where the ticked rows of a queue are sent."""
    return reverse(f"curation:{noun}-bulk", args=[action])


EVENT_WORDS = {
    "approve": _("{who} approved it"),
    "reject": _("{who} rejected it"),
    "skip": _("{who} skipped it"),
    "reopen": _("{who} put it back into the queue"),
    "edit": _("{who} changed and approved it"),
    "undo": _("{who} took their last decision back"),
    "assign": _("{who} assigned it to {to}"),
    "comment": _("{who} commented"),
    "delete_comment": _("{who} deleted a comment"),
    "ask_opinion": _("{who} asked for a second opinion"),
    "call_off_opinion": _("{who} called the second opinion off"),
    "opinion": _("{who} gave the first opinion"),
    "dispute": _("{who} gave the second opinion, and they differ: {opinions}"),
    "exclude": _("{who} excluded it from training"),
    "include": _("{who} included it again"),
}


@register.filter
def event_words(event: AuditEvent) -> str:
    """An entry of the audit trail as a sentence."""
    verb = event.action.partition(".")[2]
    told = event.data.get("opinions", {})
    return str(EVENT_WORDS.get(verb, "{who}: " + event.action)).format(
        who=event.actor or _("UNO"),
        to=event.data.get("to") or _("nobody"),
        opinions=", ".join(
            f"{name}: {ReviewState(verdict).label}" for name, verdict in told.items()
        ),
    )


@register.filter
def share(value: float | None) -> str:
    """A share in [0, 1] as a percentage, or a dash."""
    return "–" if value is None else f"{100 * value:.0f} %"
