"""Log files as an older deployment would leave them: real prompts, real replies, scripted users."""

from __future__ import annotations

import json
import random
from pathlib import Path

from training.simulation.deployment import TOPICS
from training.simulation.users import SimulatedUser, simulate_feedback

REPLIES = Path(__file__).resolve().parents[1] / "fixtures/replies/smollm2_135m.jsonl"


def email_logs(n_rows: int) -> str:
    """``n_rows`` rows of the seed shape: e-mails that somebody corrected to their taste."""
    recorded = [json.loads(line) for line in REPLIES.read_text().splitlines()]
    emails = [row for row in recorded if row["topic"] == "email"][:n_rows]
    user = SimulatedUser("ana", "strong", TOPICS["email"])
    return "\n".join(json.dumps(_row(row, user, index)) for index, row in enumerate(emails))


def _row(recorded: dict, user: SimulatedUser, index: int) -> dict:
    prompt, reply = recorded["prompt"], recorded["reply"]
    given = simulate_feedback(prompt, reply, user, random.Random(index))
    return {
        "id": f"email-{index}",
        "source": "last year's pilot",
        "licence": "CC0-1.0",
        "kind": "written_feedback",
        "label": "negative",
        "messages": [
            {"role": "user", "content": prompt},
            {"role": "assistant", "content": reply},
        ],
        "feedback": given.comment or given.follow_up,
        "revised": given.correction,
    }
