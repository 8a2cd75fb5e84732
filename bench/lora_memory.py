"""lora-memory: peak memory of a LoRA step, Hugging Face PEFT in bf16 over ours.

r=16 on all seven projections of the SmolLM2-135M shape, 2 sequences of 512 tokens, every token
supervised, AdamW. Ours is also shown with one sequence of 512, for the absolute figures.
"""
import pathlib

import side_by_side as bench

HERE = pathlib.Path(__file__).resolve().parent


def main():
    bench.build("residency_train_bench")
    shape = ["--length", "512", "--steps", "2", "--warmup", "1"]
    ours = [bench.TRAIN_BENCH, bench.MODEL, *shape, "--batch"]
    peer = [bench.venv("peft", "torch", "transformers", "peft"), HERE / "lora_equal_peer.py", *shape, "--batch", "2", "--engine", "peft"]
    results = bench.in_turn({"residency": [*ours, "2"], "residency, 1x512": [*ours, "1"], "residency, qlora 1x512": [*ours, "1", "--method", "qlora"],
                             "PEFT bf16": peer}, 1)
    mine, theirs = (bench.median(results[name], "peak_mb") for name in ("residency", "PEFT bf16"))
    bench.finish("lora-memory", mine, theirs, theirs / mine, "MB")


if __name__ == "__main__":
    main()
