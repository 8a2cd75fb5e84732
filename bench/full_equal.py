"""full-equal: one step of full fine-tuning on the SmolLM2-135M shape, ours against Transformers.

2 sequences of 512 tokens, every token supervised, AdamW. Peers: Transformers on current PyTorch from
PyPI, with everything in bf16 (half the memory, and rounding that stops small updates) and with fp32
weights under bf16 autocast. Ours keeps fp32 weights and moments and computes in bf16.
"""
import argparse
import os
import pathlib

import side_by_side as bench

HERE = pathlib.Path(__file__).resolve().parent
MODEL = bench.CACHE / "models/SmolLM2-135M-Instruct.Q4_1.gguf"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    bench.build("residency_train_bench")
    ours = bench.ROOT / "build/release/src/train/residency_train_bench"
    shape = ["--batch", "2", "--length", "512", "--steps", "5", "--warmup", "2"]
    peer = [bench.venv("peft", "torch", "transformers", "peft"), HERE / "lora_equal_peer.py", *shape]
    programs = {"residency adamw": [ours, MODEL, *shape, "--method", "full"],
                "residency adamw8bit": [ours, MODEL, *shape, "--method", "full", "--optimiser", "adamw8bit"],
                "Transformers bf16": [*peer, "--engine", "full-bf16"],
                "Transformers autocast": [*peer, "--engine", "full-autocast"]}
    results = {name: [] for name in programs}
    for _ in range(options.rounds):
        for name, command in programs.items():
            results[name].append(bench.measure(command))
    print(f"load average {os.getloadavg()[0]:.2f}, {options.rounds} rounds, medians")
    print(f"{'':22} {'tokens/s':>9} {'peak MB':>8} {'loss':>8}")
    for name, runs in results.items():
        print(f"{name:22} {bench.median(runs, 'tokens_per_second'):9.0f} {bench.median(runs, 'peak_mb'):8.0f} {bench.median(runs, 'loss'):8.4f}")
    mine = bench.median(results["residency adamw"], "tokens_per_second")
    theirs = max(bench.median(results[name], "tokens_per_second") for name in results if name.startswith("Transformers"))
    bench.finish("full-equal", mine, theirs, mine / theirs, "tokens/s")


if __name__ == "__main__":
    main()
