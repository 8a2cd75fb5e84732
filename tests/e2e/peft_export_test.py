"""An exported PEFT folder loads in the real PEFT library, and its product is what was merged.

Runs itself again under the Python of scripts/setup's test environment, which has the library.
"""
import json
import os
import pathlib
import struct
import sys
import unittest

CACHE = pathlib.Path(os.environ.get("RESIDENCY_CACHE") or pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "residency")
PYTHON = CACHE / "venv-test/bin/python"
if not sys.prefix.startswith(str(CACHE)) and PYTHON.exists():
    os.execv(PYTHON, [str(PYTHON), *sys.argv])

import harness  # noqa: E402
import torch  # noqa: E402
from peft import PeftModel  # noqa: E402
from transformers import LlamaConfig, LlamaForCausalLM  # noqa: E402

PAIRS = {"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj",
         "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}


def read_gguf(path):
    """Metadata and F32 tensors ([out, in]) of a small GGUF file."""
    data = path.read_bytes()
    at = 4

    def take(code):
        nonlocal at
        value = struct.unpack_from("<" + code, data, at)[0]
        at += struct.calcsize(code)
        return value

    def text():
        nonlocal at
        length = take("Q")
        at += length
        return data[at - length:at].decode()

    def value(kind):
        if kind == 8:
            return text()
        if kind == 9:
            inner, count = take("I"), take("Q")
            return [value(inner) for _ in range(count)]
        return take({0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q", 11: "q", 12: "d"}[kind])

    assert data[:4] == b"GGUF" and take("I") == 3
    tensor_count, pair_count = take("Q"), take("Q")
    metadata = {}
    for _ in range(pair_count):
        key = text()
        metadata[key] = value(take("I"))
    entries = []
    for _ in range(tensor_count):
        name = text()
        shape = [take("Q") for _ in range(take("I"))]
        entries.append((name, shape, take("I"), take("Q")))
    alignment = metadata.get("general.alignment", 32)
    start = (at + alignment - 1) // alignment * alignment
    tensors = {}
    for name, shape, kind, offset in entries:
        assert kind == 0, f"{name} is not F32"
        count = 1
        for size in shape:
            count *= size
        flat = torch.frombuffer(bytearray(data[start + offset:start + offset + 4 * count]), dtype=torch.float32)
        tensors[name] = flat.reshape(shape[::-1])
    return metadata, tensors


def to_hugging_face_rows(rows, heads):
    """GGUF holds q and k rows with rotary pairs side by side; Hugging Face holds the halves apart."""
    half = rows.shape[0] // heads // 2
    return rows.reshape(heads, half, 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


class PeftExportTest(unittest.TestCase):
    def setUp(self):
        self.scratch = harness.Scratch(steps=4)
        self.addCleanup(self.scratch.close)
        workspace = self.scratch.workspace
        harness.run("run", self.scratch.recipe, "-w", workspace, "-q", "-s", "base.type=f32", "-s", "train.precision=fp32")
        adapter = json.loads(harness.run("artifacts", "-w", workspace, "--kind", "adapter", "--json").stdout)[-1]["id"]
        self.folder = self.scratch.root / "peft"
        harness.run("models", "export", adapter, "--format", "peft", "--out", self.folder, "-w", workspace)
        self.merged = self.scratch.root / "merged.gguf"
        harness.run("models", "export", adapter, "--format", "merged", "--type", "f32", "--out", self.merged, "-w", workspace)
        self.metadata, self.base = read_gguf(self.scratch.root / "tiny.gguf")

    def test_the_library_loads_every_tensor_and_the_product_is_what_was_merged(self):
        get = lambda key: self.metadata["llama." + key]  # noqa: E731
        heads, kv_heads = get("attention.head_count"), get("attention.head_count_kv")
        config = LlamaConfig(hidden_size=get("embedding_length"), num_hidden_layers=get("block_count"), num_attention_heads=heads,
                             num_key_value_heads=kv_heads, intermediate_size=get("feed_forward_length"), vocab_size=len(self.metadata["tokenizer.ggml.tokens"]))
        model = PeftModel.from_pretrained(LlamaForCausalLM(config), self.folder)
        state = model.state_dict()
        lora = {name: tensor for name, tensor in state.items() if ".lora_" in name}
        self.assertEqual(len(lora), get("block_count") * 7 * 2)
        settings = json.loads((self.folder / "adapter_config.json").read_text())
        scale = settings["lora_alpha"] / settings["r"]
        _, merged = read_gguf(self.merged)
        moved = 0.0
        for layer in range(get("block_count")):
            for gguf_name, hf_name in PAIRS.items():
                prefix = f"base_model.model.model.layers.{layer}.{hf_name}"
                product = lora[prefix + ".lora_B.default.weight"] @ lora[prefix + ".lora_A.default.weight"] * scale
                name = f"blk.{layer}.{gguf_name}.weight"
                difference = merged[name] - self.base[name]
                if gguf_name in ("attn_q", "attn_k"):
                    difference = to_hugging_face_rows(difference, heads if gguf_name == "attn_q" else kv_heads)
                self.assertEqual(product.shape, difference.shape, name)
                self.assertTrue(torch.allclose(product, difference, atol=2e-6, rtol=1e-3), name)
                moved = max(moved, float(product.abs().max()))
        self.assertGreater(moved, 1e-4, "training moved nothing: the comparison would hold for zeros")


if __name__ == "__main__":
    unittest.main()
