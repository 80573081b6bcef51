"""Tables of the experience store."""

from .episodes import Episode, EpisodeState, Evidence
from .experiences import (
    WIDE,
    Experience,
    Kind,
    Matching,
    Scope,
    Source,
    Status,
    StoreChange,
)
from .history import RefineRun, RefineState, Revision, RevisionAction
from .leaving import ErasureReceipt, Origin, Tombstone
from .switches import ConversationSwitch, UserSwitch
from .uses import Dispute, Outcome, Use

__all__ = [
    "WIDE",
    "ConversationSwitch",
    "Dispute",
    "Episode",
    "EpisodeState",
    "ErasureReceipt",
    "Evidence",
    "Experience",
    "Kind",
    "Matching",
    "Origin",
    "Outcome",
    "RefineRun",
    "RefineState",
    "Revision",
    "RevisionAction",
    "Scope",
    "Source",
    "Status",
    "StoreChange",
    "Tombstone",
    "Use",
    "UserSwitch",
]
