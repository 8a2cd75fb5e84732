"""lora-cost: full fine-tuning's cost over LoRA's, ours both: wall time times peak memory.

The SmolLM2-135M shape, 2 sequences of 512 tokens, every token supervised, AdamW: equal data, so
the wall time of a step stands for a run's.
"""
import argparse

import side_by_side as bench


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    bench.build("residency_train_bench")
    ours = [bench.TRAIN_BENCH, bench.MODEL, "--batch", "2", "--length", "512", "--steps", "4", "--warmup", "1"]
    results = bench.in_turn({"lora": ours, "full": [*ours, "--method", "full"]}, options.rounds)
    cost = {}
    for name, runs in results.items():
        seconds, gigabytes = bench.median(runs, "step_s"), bench.median(runs, "peak_mb") / 1000
        cost[name] = seconds * gigabytes
        print(f"{name}: {seconds:.2f} s a step, {gigabytes:.2f} GB, {cost[name]:.2f} GB s a step")
    print(f"LoRA costs {1 - cost['lora'] / cost['full']:.0%} less")
    bench.finish("lora-cost", cost["lora"], cost["full"], cost["full"] / cost["lora"], "GB s a step of 1024 tokens")


if __name__ == "__main__":
    main()
