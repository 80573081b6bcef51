"""Text as a reader would take it, whatever was done to hide what it says."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata

HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064"
    "\u2066-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""Characters that show nothing: zero width, direction marks, tags."""
JOINED = re.compile(
    "(?<=[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f])\u200d|(?<=[\u0600-\u06ff\u0900-\u0dff])"
    "[\u200c\u200d]|\u00ad|\\A\ufeff"
)
"""Hidden characters that people do write: within an emoji, in Persian and Indic words, hyphens."""
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
SPACED = re.compile(r"\b(?:\w[ ._*-]){4,}\w\b")
SPACED_DOTS = re.compile(r"\b(?:\w (?:\. )?){4,}\w\b")
"""Letters that are spaced out, with the dots between words of an address kept."""
BASE64 = re.compile(r"(?<![\w+/])[A-Za-z0-9+/]{24,}={0,2}(?![\w+/=])")
HOMOGLYPHS = str.maketrans(
    "аеорсухіјѕԁһӏвнкмтАЕОРСУХІЈЅВНКМТαεορτυικνΑΕΟΡΤΥΙΚΝΗΒΜΖ",
    "aeopcyxijsdhlbhkmtAEOPCYXIJSBHKMTaeoptuiknAEOPTYIKNHBMZ",
)
LEET = str.maketrans("013457@$!", "oieastasi")


def has_hidden(text: str) -> bool:
    """Whether characters are in it that nobody sees."""
    return bool(HIDDEN.search(JOINED.sub("", text)) or CONTROL.search(text))


def readings(text: str) -> list[str]:
    """The ways in which a text may be read, each once: the plain one first.

    Compatibility forms and look-alike letters of other alphabets become Latin ones, hidden
    characters go, letters that were spaced out close up, figures that stand for letters are
    read as letters, and what is encoded is decoded (once).
    """
    shown = unicodedata.normalize("NFKC", HIDDEN.sub("", text))
    plain = " ".join(shown.split())
    ways = [plain, _latin(plain), _closed(_latin(plain)), _latin(plain).translate(LEET)]
    ways += [" ".join(_closed(_latin(shown)).split()), SPACED_DOTS.sub(_without_blanks, plain)]
    ways += [part for match in BASE64.findall(text) if (part := _decoded(match))]
    return list(dict.fromkeys(ways))


def _latin(text: str) -> str:
    """Look-alikes as Latin letters, in words that mix alphabets; a Russian word stays Russian."""
    return " ".join(_latin_word(word) for word in text.split(" "))


def _latin_word(word: str) -> str:
    return word.translate(HOMOGLYPHS) if re.search("[A-Za-z]", word) else word


def _closed(text: str) -> str:
    return SPACED.sub(lambda match: re.sub(r"[ ._*-]", "", match[0]), text)


def _without_blanks(match: re.Match[str]) -> str:
    return match[0].replace(" ", "")


def _decoded(text: str) -> str:
    try:
        found = base64.b64decode(text, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
    return found if found.isprintable() else ""
