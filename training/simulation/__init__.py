"""Scripted users of a simulated deployment, whose tastes can be checked.

Pure: it plans who asks what, reacts to the replies it is given, and measures them. Serving,
logging and training are done by the product itself.
"""

from training.simulation.deployment import (
    AGAINST,
    ALL_TOPICS,
    IN_LINE,
    NOISE,
    TOPICS,
    Deployment,
    NoisePlan,
    PlannedEntry,
    build_deployment,
)
from training.simulation.metrics import (
    TopicMetrics,
    edit_costs,
    measure_topic,
    on_topic_rate,
    share_of_rules_obeyed,
    win_rate,
)
from training.simulation.tastes import Rule, Taste
from training.simulation.users import SimulatedFeedback, SimulatedUser, simulate_feedback

__all__ = [
    "AGAINST",
    "ALL_TOPICS",
    "IN_LINE",
    "NOISE",
    "TOPICS",
    "Deployment",
    "NoisePlan",
    "PlannedEntry",
    "Rule",
    "SimulatedFeedback",
    "SimulatedUser",
    "Taste",
    "TopicMetrics",
    "build_deployment",
    "edit_costs",
    "measure_topic",
    "on_topic_rate",
    "share_of_rules_obeyed",
    "simulate_feedback",
    "win_rate",
]
