"""lora: LoRA training on texts of mixed clinical lengths, ours against Hugging Face PEFT.

r=16 on all seven projections of the SmolLM2-135M shape, AdamW, texts of at most 512 tokens. Ours
packs them end to end, 8 sequences of 512 a step; the peer takes the same texts in the same order, 8
at a time, padded to the longest, as the Trainer's default collator does. Tokens are the texts' own:
padding does not count. The peer runs in bf16 and in fp32, and the faster counts.
"""
import argparse
import os
import pathlib

import clinical_texts
import side_by_side as bench

HERE = pathlib.Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--steps", type=int, default=5)
    options = parser.parse_args()
    bench.build("residency_train_bench", "residency")
    texts = clinical_texts.write(200)
    steps = texts.with_suffix(".steps.jsonl")
    ours = [bench.TRAIN_BENCH, bench.MODEL, "--texts", texts, "--length", "512", "--batch", "8", "--steps", options.steps, "--warmup", "1", "--steps-out", steps]
    peer = [bench.venv("peft", "torch", "transformers", "peft"), HERE / "lora_equal_peer.py", "--steps-file", steps, "--batch", "8", "--steps", options.steps, "--warmup", "1"]
    programs = {"residency": ours, "PEFT bf16": [*peer, "--engine", "peft"], "PEFT fp32": [*peer, "--engine", "peft-fp32"]}
    results = bench.in_turn(programs, options.rounds)
    mine, theirs = bench.speeds(results)
    memory = bench.median(results["residency"], "peak_mb") / min(bench.median(results[name], "peak_mb") for name in results if name != "residency")
    print(f"of the peer's places {results['PEFT bf16'][0]['padding']:.0%} are padding; our peak memory is {memory:.2f} of its smallest")
    bench.finish("lora", mine, theirs, mine / theirs, "tokens/s")


if __name__ == "__main__":
    main()
