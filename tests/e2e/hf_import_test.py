"""Checkpoints that Transformers saved are imported: llama.cpp and the trainer then say what
Transformers says, and the tokens are those of its tokenizer. Random weights, every family.

Runs itself again under a Python that has the library: that of the benches' peers, which knows every
family, or else that of scripts/setup's test environment, which knows four of them.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

CACHE = pathlib.Path(os.environ.get("RESIDENCY_CACHE") or pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "residency")
PYTHON = next((python for python in (CACHE / "bench-peft/bin/python", CACHE / "venv-test/bin/python") if python.exists()), CACHE)
if not sys.prefix.startswith(str(CACHE)) and PYTHON != CACHE:
    os.execv(PYTHON, [str(PYTHON), *sys.argv])

import harness  # noqa: E402
import tokenizers  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers  # noqa: E402

LOGPROBS = os.environ["LOGPROBS"]
SIZES = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 7, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
         "max_position_embeddings": 256}
FAMILIES = {"Llama": {}, "Mistral": {"sliding_window": None}, "Qwen2": {}, "Qwen3": {}, "Gemma": {}, "Gemma2": {"sliding_window": 8, "query_pre_attn_scalar": 16},
            "Gemma3Text": {"sliding_window": 8, "query_pre_attn_scalar": 16}, "Phi3": {"pad_token_id": 0, "sliding_window": None}}
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
TEXTS = ["The patient's BP was 142/88 mmHg; she didn't feel dizzy.", "Rx: metoprolol 25 mg b.i.d.\n\n  - follow up in 2 weeks", "naïve façade, 37.5 °C, 名前",
         "a", "tabs\tand   spaces \n \n end"]
CORPUS = [text * 3 for text in TEXTS] + ["The patient was seen in the clinic and she feels better than she did.", "dizzy dizziness follow followed following"] * 4


def byte_level(pattern=None):
    tokenizer = tokenizers.Tokenizer(models.BPE())
    bytes_ = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    if pattern:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(tokenizers.Regex(pattern), "isolated"), bytes_])
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=["<s>", "</s>"], show_progress=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


def sentence_piece():
    """As Llama 2's and Gemma's tokenizer.json: BPE over pieces, bytes for what is unknown."""
    learned = tokenizers.Tokenizer(models.BPE(unk_token="<unk>"))
    learned.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    special = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    learned.train_from_iterator([text for text in CORPUS if text.isascii()],
                                trainers.BpeTrainer(vocab_size=420, special_tokens=special, show_progress=False))
    saved = json.loads(learned.to_str())
    # SentencePiece knows no spans that are never joined: the bytes are plain tokens there.
    saved["added_tokens"] = saved["added_tokens"][:3]
    saved["model"]["byte_fallback"] = True
    return tokenizers.Tokenizer.from_str(json.dumps(saved))


class HfImportTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="residency-hf-")
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)

    def save(self, family, tokenizer, dtype=torch.float32, **more):
        torch.manual_seed(3)
        config = getattr(transformers, family + "Config")(vocab_size=tokenizer.get_vocab_size() + 3, **{**SIZES, **FAMILIES[family], **more})
        config._attn_implementation = "eager"
        name = family + "ForCausalLM"
        model = getattr(transformers, name)(config).to(dtype).eval()
        with torch.no_grad():
            for parameter in model.parameters():  # the library's own beginnings make nearly equal logits
                parameter.add_(torch.randn_like(parameter) * 0.08)
        folder = self.root / family
        model.save_pretrained(folder, max_shard_size="200KB")
        transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>").save_pretrained(folder)
        return model, folder

    def imported(self, folder):
        out = folder.with_suffix(".gguf")
        harness.run("models", "import", folder, "--out", out)
        return out

    def said(self, *words):
        return json.loads(subprocess.run([LOGPROBS, *map(str, words)], check=True, stdout=subprocess.PIPE, text=True).stdout)

    def check(self, model, out, tokenizer):
        tokens = [3 + (7 * i * i + 11 * i) % 250 for i in range(40)]
        with torch.no_grad():
            expected = model(torch.tensor([tokens])).logits[0].float().log_softmax(-1).flatten()
        self.assertGreater(float(expected.std()), 0.1)
        said = self.said(out, ",".join(map(str, tokens)))
        for side in ("runtime", "trainer"):
            difference = (torch.tensor(said[side]) - expected).abs().max().item()
            print(f"{out.stem}, {side}: log-probabilities differ by {difference:.6f} at most")
            self.assertLess(difference, 0.01)
        for text in TEXTS:
            self.assertEqual(self.said(out, "--encode", text)["tokens"], tokenizer.encode(text, add_special_tokens=False).ids, text)

    def test_every_family_says_what_transformers_says(self):
        tokenizer = byte_level()
        for family in FAMILIES:
            if not hasattr(transformers, family + "ForCausalLM"):
                print(f"{family}: not in Transformers {transformers.__version__}")
                continue
            with self.subTest(family):
                model, folder = self.save(family, tokenizer)
                self.check(model, self.imported(folder), tokenizer)

    @unittest.skipIf(tuple(map(int, transformers.__version__.split(".")[:2])) < (4, 45), "Transformers has no Llama 3 positions")
    def test_llama_3s_positions_and_splitting(self):
        tokenizer = byte_level(LLAMA3)
        scaling = {"rope_type": "llama3", "rope_theta": 10000.0, "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32}
        model, folder = self.save("Llama", tokenizer, rope_parameters=scaling, rope_scaling=scaling, tie_word_embeddings=True)
        self.check(model, self.imported(folder), tokenizer)

    def test_qwens_splitting_and_bf16(self):
        tokenizer = byte_level(LLAMA3.replace("{1,3}", ""))
        model, folder = self.save("Qwen2", tokenizer, torch.bfloat16)
        out = self.imported(folder)
        self.check(model.float(), out, tokenizer)
        self.assertLess(out.stat().st_size, 1_000_000)

    def test_pieces_as_sentencepiece_joins_them(self):
        tokenizer = sentence_piece()
        model, folder = self.save("Llama", tokenizer)
        self.check(model, self.imported(folder), tokenizer)

    def test_a_checkpoint_becomes_a_base(self):
        _, folder = self.save("Llama", byte_level(), hidden_size=64)
        workspace = self.root / "workspace"
        harness.run("init", workspace)
        harness.run("models", "add", "--path", self.imported(folder), "-w", workspace)
        again = harness.run("models", "import", folder, "--out", folder.with_suffix(".gguf"), check=False)
        self.assertEqual(again.returncode, 1)
        (folder / "config.json").write_text('{"model_type": "mamba"}')
        refused = harness.run("models", "import", folder, "--out", self.root / "other.gguf", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("mamba", refused.stderr)


if __name__ == "__main__":
    unittest.main()
