"""full-equal: one step of full fine-tuning on the SmolLM2-135M shape, ours against Transformers.

2 sequences of 512 tokens, every token supervised, AdamW. Peers: Transformers on current PyTorch from
PyPI, with everything in bf16 (half the memory, and rounding that stops small updates) and with fp32
weights under bf16 autocast. Ours keeps fp32 weights and moments and computes in bf16.
"""
import argparse
import pathlib

import side_by_side as bench

HERE = pathlib.Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    bench.build("residency_train_bench")
    shape = ["--batch", "2", "--length", "512", "--steps", "5", "--warmup", "2"]
    peer = [bench.venv("peft", "torch", "transformers", "peft"), HERE / "lora_equal_peer.py", *shape]
    programs = {"residency adamw": [bench.TRAIN_BENCH, bench.MODEL, *shape, "--method", "full"],
                "residency adamw8bit": [bench.TRAIN_BENCH, bench.MODEL, *shape, "--method", "full", "--optimiser", "adamw8bit"],
                "Transformers bf16": [*peer, "--engine", "full-bf16"],
                "Transformers fp32": [*peer, "--engine", "full-fp32"],
                "Transformers autocast": [*peer, "--engine", "full-autocast"]}
    results = bench.in_turn(programs, options.rounds)
    mine = bench.median(results["residency adamw"], "tokens_per_second")
    theirs = max(bench.median(results[name], "tokens_per_second") for name in results if name.startswith("Transformers"))
    bench.finish("full-equal", mine, theirs, mine / theirs, "tokens/s")


if __name__ == "__main__":
    main()
