"""The gate on relevance with the real sentence classifier and embedder."""

from __future__ import annotations

import pytest

from curation.roles.sentence_model import sentence_classifier
from training.models import Mask
from training.services.personal.queue import Said, mask_of
from uno_site.inference.client import HttpClient

pytestmark = [pytest.mark.django_db, pytest.mark.model]


@pytest.mark.parametrize(
    ("said", "mask"),
    [
        (Said(follow_up="Use bullet points please."), Mask.NONE),
        (Said(follow_up="Make it shorter."), Mask.NONE),
        (Said(follow_up="That is wrong, you forgot the date."), Mask.NONE),
        (Said(follow_up="Thanks. But please answer in German next time."), Mask.NONE),
        (Said(correction="Hi, all good. Cheers, Ana"), Mask.NONE),
        (Said(follow_up="Perfect, thanks."), Mask.SATISFIED),
        (Said(follow_up="What is the capital of Peru?", is_liked=True), Mask.SATISFIED),
        (Said(follow_up="What is the weather like in Lisbon?"), Mask.IRRELEVANT),
        (Said(follow_up="My sister has a new bicycle."), Mask.IRRELEVANT),
    ],
)
def test_what_asks_for_something_teaches(engine_url: str, said: Said, mask: Mask) -> None:
    embed = HttpClient(engine_url).embed
    assert mask_of(said, sentence_classifier(embed, "minilm"), embed) == mask
