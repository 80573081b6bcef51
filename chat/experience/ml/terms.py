"""Rare terms: the words of a text that say what it is about."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_DATA = Path(__file__).with_name("data")
#: Words, numbers and names with dots, dashes or underscores inside (``kestrel-9``, ``v1.2``).
_WORD = re.compile(r"[^\W_]+(?:[._'’-][^\W_]+)*")
_CJK = re.compile(r"[\u3400-\u9fff\u3040-\u30ff\uac00-\ud7af\u0e00-\u0e7f]")
#: A capitalised word that begins neither the text nor a sentence.
_INSIDE = re.compile(r"(?<![.!?:] )(?<!^)\b[A-Z][a-z]+\b")
#: Above this share of capitalised words they are not read as names.
MAX_CAPITALISED = 0.4
MIN_CHARS = 3


@cache
def common_words() -> frozenset[str]:
    """Words that everybody uses about everything."""
    return _words_in("common_words.txt")


@cache
def function_words() -> frozenset[str]:
    """Words that hold sentences together: articles, pronouns, question words."""
    return _words_in("function_words.txt")


@cache
def capitalised_words() -> frozenset[str]:
    """English words that are always capitalised, and name nothing of one's own."""
    return _words_in("capitalised_words.txt")


@cache
def asking_words() -> frozenset[str]:
    """Words with which anything is asked for: write, give, please."""
    return _words_in("asking_words.txt")


def _words_in(name: str) -> frozenset[str]:
    lines = (_DATA / name).read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def rare_terms(text: str) -> frozenset[str]:
    """The terms of a text that are no common words, folded, plurals as their singular.

    Scripts without blanks give every two neighbouring characters.
    """
    found: set[str] = set()
    for word in _WORD.findall(text.casefold()):
        found |= _pairs(word) if _CJK.search(word) else _forms(word)
    return frozenset(found)


def _pairs(word: str) -> set[str]:
    return {word[at : at + 2] for at in range(len(word) - 1)}


def _forms(word: str) -> set[str]:
    """The word and, of a compound, its parts; without common and very short ones, and without
    what an apostrophe only ties together (what's, Finchley's)."""
    parts = re.split(r"[._'’-]", word)
    whole = [word] if len(parts) > 1 and not re.search(r"['’]", word) else []
    return {_singular(part) for part in (*parts, *whole) if _is_rare(part)}


def _is_rare(word: str) -> bool:
    if word.isdigit():
        return len(word) >= MIN_CHARS
    if _has_digit(word):
        return True
    is_common = word in common_words() or _singular(word) in common_words()
    return len(word) >= MIN_CHARS and not is_common


def _has_digit(word: str) -> bool:
    return any(character.isdigit() for character in word)


def _singular(word: str) -> str:
    if len(word) > MIN_CHARS + 1 and word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word


def names(text: str) -> frozenset[str]:
    """What a text calls by its name, folded: capitalised words and codes that are rare, and
    capitalised words inside a sentence (the Bronze ticket), but for days, months, languages."""
    words = _WORD.findall(text)
    named = {word for word in words if word[0].isupper() or _has_digit(word)}
    found = frozenset().union(*(_forms(word.casefold()) for word in named))
    # Where much is capitalised, as in titles and in German, a capital says nothing.
    if len(named) > MAX_CAPITALISED * len(words):
        return found
    inside = {match[0].casefold() for match in _INSIDE.finditer(text)}
    return found | {_singular(word) for word in inside - capitalised_words()}


def is_about_another(question: str, trigger: str, content: str = "") -> bool:
    """Whether each names something that the other does not.

    “Which port has the Condor gateway?” is near to a note on the Kestrel gateway, and wrong for it;
    so is “Is there a fee at Hotel Serafina?” for one on Hotel Valmira.
    """
    of_trigger = names(trigger) - _all_words(question)
    of_question = names(question) - _all_words(f"{trigger} {content}")
    return bool(of_trigger and of_question)


def _all_words(text: str) -> frozenset[str]:
    return rare_terms(text) | _content(text)


def coverage(question: str, trigger: str) -> float:
    """The share of the trigger's words that the question has, in [0, 1]; function words aside."""
    wanted = _content(trigger)
    return len(wanted & _content(question)) / len(wanted) if wanted else 0.0


def _content(text: str) -> set[str]:
    found: set[str] = set()
    for word in re.findall(r"[^\W_]+", text.casefold()):
        if word not in function_words():
            found |= _pairs(word) if _CJK.search(word) else {_singular(word)}
    return found


def key_words(text: str) -> frozenset[str]:
    """What sort of thing a question asks for or about: its words but those that hold sentences
    together or ask. Plurals are their singular, and "e-mail" is also "email".

    >>> sorted(key_words("Give me some tips for a short e-mail"))
    ['email', 'mail', 'tips']
    """
    return frozenset().union(*(way for ways in _key_ways(text) for way in ways))


def has_key_words(question: str, words: str) -> bool:
    """Whether a question has every one of the key words of a text, of which there is one; of a
    compound its parts or the whole: e-mail, email."""
    wanted, asked = _key_ways(words), key_words(question)
    return bool(wanted) and all(any(way <= asked for way in ways) for ways in wanted)


def _key_ways(text: str) -> list[list[frozenset[str]]]:
    """For each key word of a text the sets of words that are it."""
    found = []
    for word in _WORD.findall(text.casefold()):
        parts = re.split(r"[._'’-]", word)
        if _CJK.search(word):
            ways = [_pairs(word)]
        elif "'" in word or "’" in word:
            continue
        else:
            ways = [{_singular(part) for part in parts}, {_singular("".join(parts))}]
        telling = [frozenset(way - function_words() - asking_words()) for way in ways]
        telling = [frozenset(one for one in way if len(one) > 1) for way in telling]
        found += [[way for way in telling if way]] if any(telling) else []
    return found
