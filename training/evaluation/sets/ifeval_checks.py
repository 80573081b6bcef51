"""The 25 kinds of verifiable instructions of IFEval (arXiv 2311.07911), one function each.

Written from the paper's definitions and those of its public checker, without copying it; two
differences, both because the checker's own data need a download: sentences are split by NLTK's
Punkt with a list of abbreviations instead of a trained model, and languages are told by
py3langid instead of langdetect.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

import py3langid
from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer

from chat.edit_cost import tokenize

Relation = Literal["at least", "less than"]
Check = Callable[..., bool]

CHOICES = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
ABBREVIATIONS = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "st",
        "jr",
        "sr",
        "vs",
        "etc",
        "e.g",
        "i.e",
        "inc",
        "ltd",
        "co",
        "no",
        "fig",
        "approx",
    ]
)
PUNCTUATION = ".,?!'\""
POSTSCRIPTS = {"P.P.S": r"p\.\s?p\.\s?s", "P.S.": r"p\.\s?s\."}
CHECKS: dict[str, Check] = {}
"""By the instruction's id in the data set."""


def check(kind: str) -> Callable[[Check], Check]:
    """Register a check under its instruction's id."""

    def register(function: Check) -> Check:
        CHECKS[kind] = function
        return function

    return register


def follows(kind: str, arguments: Mapping[str, Any], answer: str) -> bool:
    """Whether an answer follows one instruction, taken strictly; an empty answer follows none.

    Raises
    ------
    KeyError
        ``kind`` is not among :data:`CHECKS`.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    return bool(answer.strip()) and CHECKS[kind](answer, **given)


def follows_loosely(kind: str, arguments: Mapping[str, Any], answer: str) -> bool:
    """Whether the answer, or what is left of it without its first or last line or without
    asterisks, follows the instruction (the paper's loose accuracy)."""
    return any(follows(kind, arguments, variant) for variant in loose_variants(answer))


def loose_variants(answer: str) -> list[str]:
    """The eight texts of the loose criterion."""
    lines = answer.split("\n")
    cuts = [lines, lines[1:], lines[:-1], lines[1:-1]]
    texts = [answer, *("\n".join(cut).strip() for cut in cuts[1:])]
    return [*texts, *(text.replace("*", "") for text in texts)]


def language_of(text: str) -> str:
    """ISO 639-1 code of the likeliest language."""
    return str(py3langid.classify(text)[0])


def count_sentences(text: str) -> int:
    """Sentences by Punkt, abbreviations known."""
    return len(_sentence_splitter().tokenize(text))


@lru_cache(maxsize=1)
def _sentence_splitter() -> PunktSentenceTokenizer:
    parameters = PunktParameters()
    parameters.abbrev_types = set(ABBREVIATIONS)
    return PunktSentenceTokenizer(parameters)


def _holds(relation: Relation, count: int, bound: int) -> bool:
    if relation not in ("at least", "less than"):
        raise ValueError(f"Unknown relation {relation!r}; known are 'at least', 'less than'.")
    return count >= bound if relation == "at least" else count < bound


@check("keywords:existence")
def has_keywords(answer: str, keywords: Sequence[str]) -> bool:
    """Every keyword occurs, in any case, also inside a word."""
    return all(re.search(word, answer, re.IGNORECASE) for word in keywords)


@check("keywords:frequency")
def keyword_frequency(answer: str, keyword: str, frequency: int, relation: Relation) -> bool:
    """The keyword occurs so often."""
    return _holds(relation, len(re.findall(keyword, answer, re.IGNORECASE)), frequency)


@check("keywords:forbidden_words")
def avoids_words(answer: str, forbidden_words: Sequence[str]) -> bool:
    """None of the words occurs as a whole word."""
    return not any(re.search(rf"\b{w}\b", answer, re.IGNORECASE) for w in forbidden_words)


@check("keywords:letter_frequency")
def letter_frequency(answer: str, letter: str, let_frequency: int, let_relation: Relation) -> bool:
    """The letter occurs so often, in any case."""
    return _holds(let_relation, answer.lower().count(letter.lower()), let_frequency)


@check("language:response_language")
def in_language(answer: str, language: str) -> bool:
    """The whole answer is in the language."""
    return language_of(answer) == language


@check("length_constraints:number_sentences")
def number_of_sentences(answer: str, num_sentences: int, relation: Relation) -> bool:
    """So many sentences."""
    return _holds(relation, count_sentences(answer), num_sentences)


@check("length_constraints:number_words")
def number_of_words(answer: str, num_words: int, relation: Relation) -> bool:
    r"""So many words, a word being ``\w+``."""
    return _holds(relation, len(re.findall(r"\w+", answer)), num_words)


@check("length_constraints:number_paragraphs")
def number_of_paragraphs(answer: str, num_paragraphs: int) -> bool:
    """So many paragraphs between dividers of three asterisks; none of them empty."""
    parts = [part.strip() for part in re.split(r"\s?\*\*\*\s?", answer)]
    inner = parts[bool(not parts[0]) : len(parts) - bool(not parts[-1])]
    return all(inner) and len(inner) == num_paragraphs


@check("length_constraints:nth_paragraph_first_word")
def paragraph_begins_with(
    answer: str, num_paragraphs: int, nth_paragraph: int, first_word: str
) -> bool:
    """So many paragraphs between empty lines, and the n-th of them begins with the word."""
    parts = answer.split("\n\n")
    if sum(bool(part.strip()) for part in parts) != num_paragraphs or nth_paragraph > len(parts):
        return False
    words = parts[nth_paragraph - 1].split()
    if not words:
        return False
    word = re.split(f"[{re.escape(PUNCTUATION)}]", words[0].lstrip("'\""))[0]
    return word.lower() == first_word.lower()


@check("detectable_content:number_placeholders")
def has_placeholders(answer: str, num_placeholders: int) -> bool:
    """At least so many ``[placeholders]``."""
    return len(re.findall(r"\[.*?\]", answer)) >= num_placeholders


@check("detectable_content:postscript")
def has_postscript(answer: str, postscript_marker: str) -> bool:
    """A postscript with the marker."""
    pattern = POSTSCRIPTS.get(postscript_marker, postscript_marker.lower())
    return bool(re.search(pattern, answer.lower()))


@check("detectable_format:number_bullet_lists")
def number_of_bullets(answer: str, num_bullets: int) -> bool:
    """Exactly so many lines that begin with ``*`` or ``-``."""
    stars = re.findall(r"^\s*\*[^\*].*$", answer, re.MULTILINE)
    dashes = re.findall(r"^\s*-.*$", answer, re.MULTILINE)
    return len(stars) + len(dashes) == num_bullets


@check("detectable_format:constrained_response")
def is_a_choice(answer: str) -> bool:
    """One of the three sentences occurs."""
    return any(choice in answer for choice in CHOICES)


@check("detectable_format:number_highlighted_sections")
def has_highlights(answer: str, num_highlights: int) -> bool:
    """At least so many ``*highlighted*`` or ``**highlighted**`` spans."""
    single = re.findall(r"\*[^\n\*]*\*", answer)
    double = re.findall(r"\*\*[^\n\*]*\*\*", answer)
    return sum(bool(span.strip("*").strip()) for span in (*single, *double)) >= num_highlights


@check("detectable_format:multiple_sections")
def has_sections(answer: str, section_spliter: str, num_sections: int) -> bool:
    """At least so many numbered sections ("Section 1")."""
    pattern = rf"\s?{re.escape(section_spliter)}\s?\d+\s?"
    return len(re.split(pattern, answer)) - 1 >= num_sections


@check("detectable_format:title")
def has_title(answer: str) -> bool:
    """A ``<<title>>`` that is not empty."""
    return any(t.strip("<>").strip() for t in re.findall(r"<<[^\n]+>>", answer))


@check("detectable_format:json_format")
def is_json(answer: str) -> bool:
    """The whole answer is JSON, in a code fence or not."""
    bare = re.sub(r"^```(?:json)?", "", answer.strip(), flags=re.IGNORECASE)
    try:
        json.loads(bare.removesuffix("```").strip())
    except (ValueError, RecursionError):
        return False
    return True


@check("combination:repeat_prompt")
def repeats_prompt(answer: str, prompt_to_repeat: str) -> bool:
    """The answer begins with the request, word for word."""
    return answer.strip().lower().startswith(prompt_to_repeat.strip().lower())


@check("combination:two_responses")
def has_two_responses(answer: str) -> bool:
    """Two different responses, divided by six asterisks."""
    parts = [part.strip() for part in answer.split("******")]
    inner = [part for n, part in enumerate(parts) if part or 0 < n < len(parts) - 1]
    return len(inner) == 2 and all(inner) and inner[0] != inner[1]


@check("startend:end_checker")
def ends_with(answer: str, end_phrase: str) -> bool:
    """The answer ends with the phrase, in quotation marks or not."""
    return answer.strip().strip('"').lower().endswith(end_phrase.strip().lower())


@check("startend:quotation")
def is_quoted(answer: str) -> bool:
    """The whole answer is in double quotation marks."""
    text = answer.strip()
    return len(text) > 1 and text[0] == text[-1] == '"'


@check("change_case:english_capital")
def is_capital(answer: str) -> bool:
    """English, in capital letters only."""
    return answer.isupper() and language_of(answer.lower()) == "en"


@check("change_case:english_lowercase")
def is_lowercase(answer: str) -> bool:
    """English, in small letters only."""
    return answer.islower() and language_of(answer) == "en"


@check("change_case:capital_word_frequency")
def capital_words(answer: str, capital_frequency: int, capital_relation: Relation) -> bool:
    """So many words in capital letters."""
    count = sum(word.isupper() for word in tokenize(answer))
    return _holds(capital_relation, count, capital_frequency)


@check("punctuation:no_comma")
def has_no_comma(answer: str) -> bool:
    """No comma anywhere."""
    return "," not in answer
