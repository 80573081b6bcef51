"""From logs to training data: entries, rules, answers, pairs, clusters, roles (UNO §1-3)."""

from .base import CuratedQuerySet, EntryPartQuerySet, Provenance
from .clusters import Cluster, ClusterEvent, ClusterEventKind, ClusterQuerySet
from .entries import EntryQuerySet, EntryState, LogEntry, unread
from .maps import ClusterMap
from .pairs import Candidate, PairSource, PreferencePair
from .policy import CurationPolicy, PromotionRule, RoutePolicy
from .reviewed import Reviewed, ReviewState, SecondOpinion
from .reviews import Comment, Opinion, ReviewAction
from .roles import RoleBinding, RoleCheck, RoleName
from .rules import Rule, RuleKind

__all__ = [
    "Candidate",
    "Cluster",
    "ClusterEvent",
    "ClusterEventKind",
    "ClusterMap",
    "ClusterQuerySet",
    "Comment",
    "CuratedQuerySet",
    "CurationPolicy",
    "EntryPartQuerySet",
    "EntryQuerySet",
    "EntryState",
    "LogEntry",
    "Opinion",
    "PairSource",
    "PreferencePair",
    "PromotionRule",
    "Provenance",
    "ReviewAction",
    "ReviewState",
    "Reviewed",
    "RoleBinding",
    "RoleCheck",
    "RoleName",
    "RoutePolicy",
    "Rule",
    "RuleKind",
    "SecondOpinion",
    "unread",
]
