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
from safetensors.torch import load_file  # noqa: E402
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

    def train(self, *more):
        workspace = self.scratch.workspace
        harness.run("run", self.scratch.recipe, "-w", workspace, "-q", "-s", "base.type=f32", "-s", "train.precision=fp32", *more)
        adapter = json.loads(harness.run("artifacts", "-w", workspace, "--kind", "adapter", "--json").stdout)[-1]["id"]
        self.folder = self.scratch.root / "peft"
        harness.run("models", "export", adapter, "--format", "peft", "--out", self.folder, "-w", workspace)
        self.merged = self.scratch.root / "merged.gguf"
        harness.run("models", "export", adapter, "--format", "merged", "--type", "f32", "--out", self.merged, "-w", workspace)
        self.metadata, self.base = read_gguf(self.scratch.root / "tiny.gguf")
        return adapter

    def library_model(self):
        get = lambda key: self.metadata["llama." + key]  # noqa: E731
        config = LlamaConfig(hidden_size=get("embedding_length"), num_hidden_layers=get("block_count"), num_attention_heads=get("attention.head_count"),
                             num_key_value_heads=get("attention.head_count_kv"), intermediate_size=get("feed_forward_length"),
                             vocab_size=len(self.metadata["tokenizer.ggml.tokens"]))
        return LlamaForCausalLM(config)

    def hugging_face(self, name, rows):
        heads = {"attn_q": "attention.head_count", "attn_k": "attention.head_count_kv"}.get(name.split(".")[2])
        return to_hugging_face_rows(rows, self.metadata["llama." + heads]) if heads else rows

    def test_the_library_merges_dora_as_we_merge_it(self):
        adapter = self.train("-s", "train.lora.dora=true", "-s", "train.learning_rate=0.01")
        self.assertTrue(json.loads((self.folder / "adapter_config.json").read_text())["use_dora"])
        model = self.library_model()
        parameters = dict(model.named_parameters())
        projections = [(f"blk.{layer}.{gguf}.weight", f"model.layers.{layer}.{hf}.weight") for layer in range(model.config.num_hidden_layers)
                       for gguf, hf in PAIRS.items()]
        with torch.no_grad():
            for gguf, hf in projections:
                parameters[hf].copy_(self.hugging_face(gguf, self.base[gguf]))
        merged = dict(PeftModel.from_pretrained(model, self.folder).merge_and_unload().named_parameters())
        _, ours = read_gguf(self.merged)
        moved = 0.0
        for gguf, hf in projections:
            expected = self.hugging_face(gguf, ours[gguf])
            self.assertTrue(torch.allclose(merged[hf], expected, atol=1e-5, rtol=1e-4), gguf)
            moved = max(moved, float((expected - self.hugging_face(gguf, self.base[gguf])).abs().max()))
        self.assertGreater(moved, 1e-4)
        # What was evaluated and deployed is the merged model; GGUF adapters cannot say DoRA.
        refused = harness.run("models", "export", adapter, "--format", "gguf", "--out", self.scratch.root / "x.gguf", "-w", self.scratch.workspace, check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("DoRA", refused.stderr)

    def test_an_adapter_goes_on_from_another(self):
        first = self.train()
        workspace = self.scratch.workspace
        harness.run("run", self.scratch.recipe, "-w", workspace, "-q", "-s", "base.type=f32", "-s", "train.precision=fp32", "-s", f"train.from={first}",
                    "-s", "train.learning_rate=0.0000001", "-s", "train.steps_max=1")
        second = next(a for a in json.loads(harness.run("artifacts", "-w", workspace, "--kind", "adapter", "--json").stdout) if a["id"] != first)
        self.assertIn(first, json.dumps(second) + harness.run("lineage", second["id"], "-w", workspace).stdout)
        folder = self.scratch.root / "second"
        harness.run("models", "export", second["id"], "--format", "peft", "--out", folder, "-w", workspace)
        one, two = (load_file(str(f / "adapter_model.safetensors")) for f in (self.folder, folder))
        self.assertEqual(sorted(one), sorted(two))
        for name, tensor in one.items():  # one step at nearly no rate moves nearly nothing
            self.assertLess(float((tensor - two[name]).abs().max()), 1e-5, name)
        wrong = harness.run("run", self.scratch.recipe, "-w", workspace, "-q", "-s", f"train.from={first}", check=False)  # bf16: another base
        self.assertNotEqual(wrong.returncode, 0)
        self.assertIn("another base", wrong.stdout + wrong.stderr)

    def test_the_library_loads_every_tensor_and_the_product_is_what_was_merged(self):
        self.train()
        get = lambda key: self.metadata["llama." + key]  # noqa: E731
        heads, kv_heads = get("attention.head_count"), get("attention.head_count_kv")
        model = PeftModel.from_pretrained(self.library_model(), self.folder)
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
