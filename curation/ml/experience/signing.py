"""Files that deployments exchange: JSON lines, each signed (Ed25519), and the file as a whole.

Line 1 names the file, the last one says how many lines there are and signs over all of them. Each
line is signed together with the file's id and its own number, so that a line that was altered,
moved, left out, or taken from another file is found, and named.
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from uno_site.errors import InvalidInput

FORMAT = "uno-experience/1"
NAMESPACE = uuid.UUID("6f1d0a52-6a0e-5c0e-9a7f-9d2b1f0c7e11")
MAX_LINE_CHARS = 20_000


class FileRefused(InvalidInput):
    """A file that is not what its sender signed; ``line`` counts from 1."""

    code = "experience_file_refused"

    def __init__(self, line: int, what: str) -> None:
        super().__init__(
            f"Line {line}: {what}", remedy="Ask the sending deployment for the file again."
        )
        self.line = line


@dataclass(frozen=True, slots=True)
class SignedFile:
    """A file whose every signature was right."""

    header: dict[str, Any]
    items: list[dict[str, Any]]


def new_key() -> bytes:
    """A fresh private key, 32 bytes."""
    return Ed25519PrivateKey.generate().private_bytes_raw()


def public_key(private: bytes) -> str:
    """The public key of a private one, base64."""
    raw = Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
    return base64.b64encode(raw).decode()


def deployment_id(public: str) -> uuid.UUID:
    """The id of whoever holds the key: nobody else can sign under it.

    Raises
    ------
    InvalidInput
        This is no Ed25519 public key in base64.
    """
    return uuid.uuid5(NAMESPACE, base64.b64encode(_raw(public)).decode())


def sign_lines(
    header: dict[str, Any], items: Iterable[dict[str, Any]], private: bytes
) -> Iterator[str]:
    """The lines of a file, each ending in a line feed.

    Parameters
    ----------
    header
        What the file says about itself; format, file id and sender are added.
    """
    key = Ed25519PrivateKey.from_private_bytes(private)
    public = public_key(private)
    file_id, digest, number = str(uuid.uuid4()), hashlib.sha256(), 0
    sender = {"format": FORMAT, "file": file_id, "deployment": str(deployment_id(public))}
    for data in _with_header({**header, **sender}, items):
        number += 1
        line = _line(key, file_id, number, data)
        digest.update(line.encode())
        yield line
    end = {"kind": "end", "n_lines": number + 1, "sha256": digest.hexdigest()}
    yield _line(key, file_id, number + 1, end)


def header_of(first_line: str) -> dict[str, Any]:
    """What a file says about its sender, before anything is verified.

    Raises
    ------
    FileRefused
        It is not such a file at all.
    """
    data: dict[str, Any] = _parse(1, first_line)["data"]
    if data.get("kind") != "header" or data.get("format") != FORMAT:
        _refuse(1, f"this is no file of the format {FORMAT}.")
    for name in ("file", "deployment"):
        if not isinstance(data.get(name), str):
            _refuse(1, f"the header names no {name}.")
    return data


def verify_lines(lines: Iterable[str], public: str) -> SignedFile:
    """Read a file whose sender's public key is known.

    Raises
    ------
    FileRefused
        Names the first line whose signature is not the sender's over exactly this line in exactly
        this place, or that is missing.
    """
    key = Ed25519PublicKey.from_public_bytes(_raw(public))
    digest, found, ended, number = hashlib.sha256(), [], False, 0
    header: dict[str, Any] = {}
    for number, line in enumerate(_stripped(lines), start=1):
        if ended:
            _refuse(number, "there is more after the end.")
        parsed = _parse(number, line)
        if number == 1:
            header = header_of(line)
            if header["deployment"] != str(deployment_id(public)):
                _refuse(1, "the sender's id does not go with the key.")
        _verify(key, header["file"], number, parsed)
        data = parsed["data"]
        if data.get("kind") == "end":
            ended = True
            if data.get("n_lines") != number or data.get("sha256") != digest.hexdigest():
                _refuse(number, "lines before this one are missing or were changed.")
        elif number > 1:
            found.append(data)
        digest.update(f"{line}\n".encode())
    if not ended:
        _refuse(number + 1, "the file stops before its end.")
    return SignedFile(header, found)


def canonical(value: Any) -> bytes:
    """One spelling of a JSON value, which is what is signed."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def _with_header(
    header: dict[str, Any], items: Iterable[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    yield {**header, "kind": "header"}
    yield from items


def _stripped(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if text := line.rstrip("\r\n"):
            yield text


def _signed_bytes(file_id: str, number: int, data: Any) -> bytes:
    return canonical({"format": FORMAT, "file": file_id, "line": number, "data": data})


def _line(key: Ed25519PrivateKey, file_id: str, number: int, data: dict[str, Any]) -> str:
    signature = base64.b64encode(key.sign(_signed_bytes(file_id, number, data))).decode()
    return canonical({"data": data, "signature": signature}).decode() + "\n"


def _verify(key: Ed25519PublicKey, file_id: str, number: int, parsed: dict[str, Any]) -> None:
    try:
        signature = base64.b64decode(parsed["signature"], validate=True)
        key.verify(signature, _signed_bytes(file_id, number, parsed["data"]))
    except (ValueError, TypeError, InvalidSignature):
        _refuse(number, "the signature does not hold; the line was altered or is not the sender's.")


def _parse(number: int, line: str) -> dict[str, Any]:
    if len(line) > MAX_LINE_CHARS:
        _refuse(number, f"longer than {MAX_LINE_CHARS:,} characters.")
    try:
        value = json.loads(line)
    except ValueError:
        _refuse(number, "this is not JSON.")
    if not isinstance(value, dict) or not isinstance(value.get("data"), dict):
        _refuse(number, "there is no signed content.")
    return value if "signature" in value else _refuse(number, "the signature is missing.")


def _refuse(number: int, what: str) -> NoReturn:
    raise FileRefused(number, what)


def _raw(public: str) -> bytes:
    try:
        raw = base64.b64decode(public.strip(), validate=True)
        Ed25519PublicKey.from_public_bytes(raw)
    except (ValueError, TypeError) as error:
        raise InvalidInput(
            "This is no Ed25519 public key.", remedy="Paste the 44 characters the sender shows."
        ) from error
    return raw
