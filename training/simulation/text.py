"""Sentences, lists and placeholders in whatever a small model writes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from nltk.stem import PorterStemmer

_ABBREVIATIONS = frozenset(["mr", "mrs", "ms", "dr", "prof", "st", "vs", "e.g", "i.e", "p.s"])
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]]*\s+")
_TERMINAL = re.compile(r"[.!?…][\"'”’)\]]*$")
_PLACEHOLDER = re.compile(
    r"\[[^\]\n]*\]?|<[^>\n]{2,40}>|_{3,}|\{[^}\n]*\}|\bX{2,3}(?:YZ)?\b|\bXYZ\b"
)
_MARKDOWN = re.compile(r"\*{1,3}|_{2,3}|`+|^#{1,6}\s+|^>\s+", re.MULTILINE)
_LIST_ITEM = re.compile(r"^\s*(?:[-*•–+]|\(?\d{1,2}[.)]|\(?[a-z]\))\s+(?P<text>\S.*)$")
_NUMBERED = re.compile(r"^\d{1,2}[.)]\s+\S")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_FUNCTION_TEXT = """
a about an and any are as asking ask at be because but by can could do does draft e-mail email
for from get give good had has have help her him his how i i'd i'm in is it its like me my need
of on or our out please send share short should so some tell that the their them they this tip
tips to us want was we what when where which who will with write would you your
"""
_FUNCTION_WORDS = frozenset(_FUNCTION_TEXT.split())

_stem = cache(PorterStemmer().stem)


def tidy(text: str) -> str:
    """``text`` on one line, with single spaces and without Markdown's marks."""
    return " ".join(_MARKDOWN.sub("", text).split())


def split_sentences(paragraph: str) -> list[str]:
    """The sentences of one paragraph, in order. "Dr. Smith" and "at 9 a.m. on" stay whole."""
    sentences, start = [], 0
    for match in _SENTENCE_END.finditer(paragraph):
        last_word = paragraph[start : match.start()].rsplit(None, 1)[-1:] or [""]
        is_abbreviation = last_word[0].lower().strip("(\"'") in _ABBREVIATIONS
        if is_abbreviation or paragraph[match.end() : match.end() + 1].islower():
            continue
        sentences.append(paragraph[start : match.end()].strip())
        start = match.end()
    sentences.append(paragraph[start:].strip())
    return [sentence for sentence in sentences if sentence]


def split_lines(text: str) -> list[str]:
    """The lines that hold more than whitespace, stripped."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def list_items(text: str) -> list[str]:
    """The texts of the bulleted or numbered lines."""
    matches = (_LIST_ITEM.match(line) for line in text.splitlines())
    return [match["text"] for match in matches if match]


def list_texts(text: str) -> list[str]:
    """The texts of the list's items on one line each, without Markdown's marks."""
    return [tidy(item) for item in list_items(text)]


def numbered_lines(text: str) -> list[str]:
    """The lines that begin with a number and a full stop or bracket ("1.", "2)")."""
    return [line for line in split_lines(text) if _NUMBERED.match(line)]


def is_numbered_list(text: str, n_min: int) -> bool:
    """Whether there are at least ``n_min`` numbered lines ("1.", "2)") and no bullets."""
    n_numbered = len(numbered_lines(text))
    return n_numbered >= n_min and n_numbered == len(list_items(text))


def renumber(texts: Sequence[str]) -> str:
    """The texts as a list numbered from 1."""
    return "\n".join(f"{number}. {text}" for number, text in enumerate(texts, start=1))


def sentences_of(text: str) -> list[str]:
    """The sentences of all lines, list marks and Markdown removed."""
    lines = (list_items(line)[0] if list_items(line) else line for line in split_lines(text))
    return [sentence for line in lines for sentence in split_sentences(tidy(line))]


def texts_of(text: str) -> list[str]:
    """The list's items, or the sentences where there is no list; a cut-off last one is left out."""
    texts = list_texts(text) or sentences_of(text)
    is_cut = len(texts) > 1 and not list_items(text) and not is_finished(texts[-1])
    return texts[:-1] if is_cut else texts


def has_placeholder(text: str) -> bool:
    """Whether something is left to fill in: "[Your Name]", "<date>", "____"."""
    return bool(_PLACEHOLDER.search(text))


def is_finished(sentence: str) -> bool:
    """Whether the sentence ends as one does, rather than being cut off."""
    return bool(_TERMINAL.search(sentence))


def finish(sentence: str) -> str:
    """The sentence with a capital first and a full stop last, where they were missing."""
    sentence = sentence[:1].upper() + sentence[1:]
    return sentence if is_finished(sentence) else sentence.rstrip(" ,;:-–") + "."


def content_words(text: str) -> set[str]:
    """The stems of the words that carry what a text is about."""
    words = (word.lower().replace("’", "'") for word in _WORD.findall(text))
    return {_stem(word) for word in words if word not in _FUNCTION_WORDS and len(word) > 2}


def plain_words(text: str, n_max: int) -> str:
    """The first ``n_max`` words of a text, without punctuation."""
    return " ".join(_WORD.findall(text)[:n_max])


def most_relevant(sentences: list[str], prompt: str, n: int) -> list[str]:
    """The ``n`` sentences that share the most words with the prompt, in their own order.

    Of equally relevant ones the earlier are kept.
    """
    wanted = content_words(prompt)
    by_overlap = sorted(
        range(len(sentences)), key=lambda i: (-len(wanted & content_words(sentences[i])), i)
    )
    return [sentences[i] for i in sorted(by_overlap[:n])]


def without_repeats(texts: list[str]) -> list[str]:
    """The texts in order, each once."""
    return list(dict.fromkeys(texts))
