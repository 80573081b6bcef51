import pytest

from uno_site.inference.engine.models import reference_source
from uno_site.inference.gguf_header import read_gguf_header


def test_metadata_and_shapes_of_the_reference_model():
    header = read_gguf_header(reference_source())
    assert header.architecture == "llama"
    assert [header.count(f"attention.head_count{end}") for end in ("", "_kv")] == [9, 3]
    assert header.shapes["blk.29.ffn_down.weight"] == (1536, 576)
    assert len(header.shapes) == 272


@pytest.mark.parametrize(
    ("content", "words"), [(b"PK\x03\x04zip", "not a GGUF"), (b"GGUF\x63\x00\x00\x00", "damaged")]
)
def test_other_files_are_named(tmp_path, content, words):
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=words) as raised:
        read_gguf_header(path)
    assert str(path) in str(raised.value)


def test_a_cut_file_is_damaged(tmp_path):
    path = tmp_path / "cut.gguf"
    with reference_source().open("rb") as source:
        path.write_bytes(source.read(5000))
    with pytest.raises(ValueError, match="damaged"):
        read_gguf_header(path)
