"""Reading the header of a GGUF file: its scalar metadata and the shapes of its tensors.

``gguf.GGUFReader`` builds a Python object per vocabulary entry, which takes seconds;
this reader walks over the arrays without keeping them and needs milliseconds.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

Scalar = int | float | bool | str

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_STRING, _ARRAY = 8, 9
_FORMATS = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
_MAX_STRING = 1 << 24  # a longer "string" means a damaged file, not a long text


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What a GGUF file says about itself.

    ``shapes`` are in GGML order: for a weight matrix ``(n_inputs, n_outputs)``.
    """

    metadata: Mapping[str, Scalar]
    shapes: Mapping[str, tuple[int, ...]]

    @property
    def architecture(self) -> str:
        """``llama``, ``qwen2``, ...; empty when the file does not say."""
        return str(self.metadata.get("general.architecture", ""))

    def count(self, key: str) -> int:
        """The architecture's own integer ``key``, such as ``block_count``; 0 when absent."""
        return int(self.metadata.get(f"{self.architecture}.{key}", 0))


def read_gguf_header(path: Path) -> GgufHeader:
    """Read the header of ``path``.

    Raises
    ------
    ValueError
        The file is not GGUF, is of an unknown version, or ends inside its header.
    """
    with path.open("rb") as file:
        if file.read(4) != _MAGIC:
            raise ValueError(f"{path} is not a GGUF file: it does not begin with 'GGUF'.")
        try:
            return _read(file, path)
        except (struct.error, UnicodeDecodeError) as error:
            raise ValueError(f"{path} is damaged: its GGUF header cannot be read.") from error


def _read(file: BinaryIO, path: Path) -> GgufHeader:
    version, n_tensors, n_entries = struct.unpack("<IQQ", file.read(20))
    if version not in _VERSIONS:
        raise ValueError(f"{path} has GGUF version {version}; known are {_VERSIONS}.")
    metadata: dict[str, Scalar] = {}
    for _ in range(n_entries):
        key = _read_string(file)
        kind = _unpack(file, "<I")
        if kind == _ARRAY:
            _skip_array(file)
        else:
            metadata[key] = _read_scalar(file, int(kind))
    shapes = dict(_read_tensor_info(file) for _ in range(n_tensors))
    return GgufHeader(metadata=metadata, shapes=shapes)


def _read_tensor_info(file: BinaryIO) -> tuple[str, tuple[int, ...]]:
    name = _read_string(file)
    n_dims = int(_unpack(file, "<I"))
    shape = struct.unpack(f"<{n_dims}Q", file.read(8 * n_dims))
    file.seek(12, 1)  # the tensor's type (4 bytes) and its offset (8 bytes)
    return name, tuple(shape)


def _read_scalar(file: BinaryIO, kind: int) -> Scalar:
    if kind == _STRING:
        return _read_string(file)
    if kind not in _FORMATS:
        raise ValueError(f"GGUF value type {kind} is unknown; the file may be damaged.")
    return _unpack(file, _FORMATS[kind])


def _skip_array(file: BinaryIO) -> None:
    kind, n_items = struct.unpack("<IQ", file.read(12))
    if kind in _FORMATS:
        file.seek(n_items * struct.calcsize(_FORMATS[kind]), 1)
        return
    for _ in range(n_items):
        if kind == _ARRAY:
            _skip_array(file)
        else:
            file.seek(_read_length(file), 1)


def _read_length(file: BinaryIO) -> int:
    length = int(_unpack(file, "<Q"))
    if length > _MAX_STRING:
        raise ValueError(f"a GGUF string of {length} bytes; the file is damaged.")
    return length


def _read_string(file: BinaryIO) -> str:
    return file.read(_read_length(file)).decode("utf-8")


def _unpack(file: BinaryIO, layout: str) -> int | float | bool:
    (value,) = struct.unpack(layout, file.read(struct.calcsize(layout)))
    return value  # type: ignore[no-any-return]
