"""TRL, KTO and OpenAI preferences: the answer that lost, and the one preferred to it."""

from __future__ import annotations

import pytest

from tests.interchange.conftest import turns
from uno_site.interchange import ImportedLog, RowError, Signal, read_logs

PROMPT = [{"role": "user", "content": "Hi"}]
GOOD = {"prompt": "Hi", "chosen": "Hello!", "rejected": "No."}


def reply(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


@pytest.mark.parametrize(
    "row",
    [
        GOOD,
        {"prompt": PROMPT, "chosen": reply("Hello!"), "rejected": reply("No.")},
        {"prompt": "Hi", "chosen": turns("Hi", "Hello!"), "rejected": turns("Hi", "No.")},
        {"chosen": turns("Hi", "Hello!"), "rejected": turns("Hi", "No.")},
        {
            "chosen": "\n\nHuman: Hi\n\nAssistant: Hello!",
            "rejected": "\n\nHuman: Hi\n\nAssistant: No.",
        },
        {
            "input": {"messages": PROMPT, "tools": []},
            "preferred_output": reply("Hello!"),
            "non_preferred_output": reply("No."),
        },
    ],
)
def test_every_shape_of_a_preference_reads_the_same(write_rows, row):
    [log] = read_logs(write_rows(row))
    assert [(m.role, m.content) for m in log.messages] == [("user", "Hi")]
    assert (log.response, log.preferred, log.correction) == ("No.", "Hello!", None)


@pytest.mark.parametrize(("label", "thumb"), [(True, "up"), (False, "down")])
def test_a_kto_label_is_a_thumb(write_rows, label, thumb):
    [log] = read_logs(write_rows({"prompt": "Hi", "completion": reply("Hello!"), "label": label}))
    assert (log.response, log.feedback) == ("Hello!", (Signal("thumb", thumb),))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"chosen": "No."}, "both answers are the same; nothing is preferred"),
        ({"chosen": ""}, "'chosen' is empty"),
        ({"rejected": 3}, "'rejected' is a number, not a list"),
        ({"prompt": []}, "'prompt' is empty"),
        ({"prompt": None}, "key 'prompt' is missing, and 'chosen' is no transcript"),
        (
            {"prompt": turns("Hi", "Hello.")},
            "roles out of order: the last message of 'prompt' is not the user's",
        ),
        (
            {"chosen": turns("Hi", "A"), "rejected": turns("Ho", "B")},
            "'chosen' and 'rejected' differ before their last message",
        ),
        ({"chosen": PROMPT}, "'chosen' is not one reply of the assistant"),
    ],
)
def test_a_bad_preference_is_named_and_the_next_is_read(write_rows, change, reason):
    bad, good = read_logs(write_rows(GOOD | change, GOOD), "trl")
    assert bad == RowError(1, reason)
    assert isinstance(good, ImportedLog)


@pytest.mark.parametrize("label", [1, "true", None])
def test_a_kto_label_is_true_or_false(write_rows, label):
    [bad] = read_logs(write_rows({"prompt": "Hi", "completion": "Hello!", "label": label}))
    assert "'label' is" in bad.reason


def test_openai_input_must_be_an_object(write_rows):
    row = {"input": [], "preferred_output": [], "non_preferred_output": []}
    assert list(read_logs(write_rows(row))) == [RowError(1, "'input' is a list, not an object")]
