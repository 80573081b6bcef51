"""Tokens to bytes and back, for both kinds of tokenizers."""

from tokenizers import AddedToken, Tokenizer, decoders, models

from uno_site.inference.engine.pytorch.vocabulary import token_bytes


def test_byte_level_tokens_are_their_bytes(backend):
    model = backend.model
    text = "naïve 🎉\n日本"
    tokens = model.tokenize(text, parse_special=False)
    assert b"".join(model.piece(token) for token in tokens) == text.encode()


def test_control_tokens_have_no_text_unless_it_is_asked_for(backend):
    (token,) = backend.model.tokenize("<|im_end|>", parse_special=True)
    assert backend.model.piece(token) == b""
    assert backend.model.piece(token, special=True) == b"<|im_end|>"
    assert backend.model.is_end(token)
    assert not backend.model.is_end(70)


def test_sentencepiece_tokens_have_spaces_and_byte_fallback():
    vocabulary = {"<unk>": 0, "▁The": 1, "▁sea": 2, "<0x0A>": 3, "é": 4}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], byte_fallback=True))
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback()])
    tokenizer.add_special_tokens([AddedToken("<end>", special=True)])
    pieces = token_bytes(tokenizer, 8)
    assert pieces[1:6] == [b" The", b" sea", b"\n", "é".encode(), b"<end>"]
    assert pieces[6:] == [b"", b""], "rows of the output that no token has"
