"""Does a rule say what its feedback says? A small model's rules often say nothing at all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from nltk.stem.snowball import SnowballStemmer

WORD = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)?")
LABEL_ONLY = re.compile(
    r"^\W*(?:rule|suggestion|feedback|item|point|step|example)s?\W*\d*\W*$", re.I
)
REPEATED_UNIT = re.compile(r"(\S{1,12}?)\1{3,}")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STOPWORDS = _words(
    """a about above after again all also am an and any are as at be because been before being
    but by can could did do does doing done down each every few for from further had has have
    having he her here hers him his how i if in into is it its just may me might must my no nor
    not of off on once only or other our out over own please really same she should so some
    such than that the their them then there these they this those through to too under until
    up very was we were what when where which while who whom why will with would you your
    yours it's i'm i've i'd don't doesn't didn't can't isn't wasn't won't you're you've that's
    there's let's thing things lot bit way next time"""
)
RULE_WORDS = _words(
    """account add answer answers avoid avoiding begin change check clear clearly consider
    correct correction end ensure exactly explain follow get give include instead keep leave
    make mention provide question reply respond response right rule say said sentence state
    suggestion take text use user using want wants write asked request refusing directly
    without most least"""
)
"""What the wording of any rule is made of; it tells nothing about this feedback."""

CONCEPTS: dict[str, str] = {
    word: name
    for name, words in {
        "length": """short shorter shorten shortening brief briefer briefly concise long longer
            length lengthy wordy verbose tldr tl dr trim cut fluff expand elaborate essay point
            enough limit max maximum""",
        "detail": "detail details detailed specific vague generic concrete precise elaborate",
        "case": "lower upper lowercase uppercase case small capital capitals caps letters",
        "plain": """plain simple simpler simply jargon technical complicated complex easy easier
            words eli5 child understand understandable""",
        "opening": "begin start open opening greet greeting greetings first starting beginning",
        "closing": "end finish close closing last sign signing signature ending",
        "tone": """formal informal casual stiff robot robotic natural friendly friendlier polite
            tone rude human""",
        "intro": "intro introduction preamble directly",
        "bullet": "bullet bullets dash dashes list points",
        "source": "source sources reference references cite citation citations link links",
        "1": "one 1",
        "2": "two 2",
        "3": "three 3",
        "4": "four 4",
        "5": "five 5",
        "6": "six 6",
        "7": "seven 7",
        "8": "eight 8",
        "9": "nine 9",
        "10": "ten 10",
    }.items()
    for word in words.split()
}
"""Words that users and rules exchange for one another."""

MIN_TRIPLES = 12
"""Shorter texts (a list, a refrain) may repeat themselves."""

Fault = Literal["degenerate", "not_grounded"]


@dataclass(frozen=True, slots=True)
class GroundingConfig:
    """``min_share`` of a rule's content words that feedback and query must hold."""

    min_share: float = 0.5


@dataclass(frozen=True, slots=True)
class GroundingVerdict:
    """Whether a rule may stand; ``share`` in [0, 1], ``fault`` where it may not."""

    share: float
    fault: Fault | None = None

    @property
    def is_grounded(self) -> bool:
        return self.fault is None


def content_stems(text: str) -> set[str]:
    """Stems of the words that carry content; words of one concept count as the same."""
    words = (word.lower().replace("’", "'") for word in WORD.findall(text))
    kept = (word for word in words if word in CONCEPTS or word not in STOPWORDS | RULE_WORDS)
    return {CONCEPTS.get(word) or _stem(word) for word in kept}


def grounded_share(rule: str, sources: Sequence[str]) -> float:
    """Share of the rule's content words found in the sources, in [0, 1]; 0 if it has none."""
    wanted = content_stems(rule)
    if not wanted:
        return 0.0
    found = set().union(*(content_stems(source) for source in sources))
    return len(wanted & found) / len(wanted)


def is_degenerate(rule: str) -> bool:
    """Whether this is no rule at all: "1.1.1.1", "rule1", one word over and over, no words."""
    words = [word.lower() for word in WORD.findall(rule) if not word.isdigit()]
    if len(words) < 2 or LABEL_ONLY.match(rule):
        return True
    compact = re.sub(r"\s+", "", rule)
    if REPEATED_UNIT.search(compact) or sum(map(str.isalpha, compact)) < len(compact) / 2:
        return True
    return len(words) >= 6 and len(set(words)) < len(words) / 2


def is_degenerate_text(text: str) -> bool:
    """Whether a longer text goes round in circles: of its word triples fewer than half differ."""
    words = text.lower().split()
    triples = list(zip(words, words[1:], words[2:], strict=False))
    return len(triples) >= MIN_TRIPLES and len(set(triples)) < len(triples) / 2


def check_grounding(
    rule: str, feedback: str, query: str = "", config: GroundingConfig | None = None
) -> GroundingVerdict:
    """Judge one rule against the feedback it is said to come from, and the query."""
    config = config or GroundingConfig()
    share = grounded_share(rule, [feedback, query])
    if is_degenerate(rule):
        return GroundingVerdict(share, "degenerate")
    if share < config.min_share:
        return GroundingVerdict(share, "not_grounded")
    return GroundingVerdict(share)


@lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    return str(_stemmer().stem(word.removesuffix("'s")))


@lru_cache(maxsize=1)
def _stemmer() -> SnowballStemmer:
    return SnowballStemmer("english")
