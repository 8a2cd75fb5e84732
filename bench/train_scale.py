"""train-scale: cost per token and peak memory from 1,000 to 1,000,000 training examples; no peer.

Examples are drawn, tokenised, sealed into a workspace and packed; then a few LoRA steps of
SmolLM2-135M read their sequences from there, in the order of training. A token's cost is its share
of the preparation plus its share of the steps' time.
"""
import argparse
import pathlib
import tempfile

import side_by_side as bench

BINARY = bench.ROOT / "build/release/src/pipeline/residency_scale_bench"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--sizes", default="1000,10000,100000,1000000")
    options = parser.parse_args()
    bench.build("residency_scale_bench")
    results = {}
    for size in map(int, options.sizes.split(",")):
        with tempfile.TemporaryDirectory(prefix="residency-scale-") as folder:
            results[size] = run = bench.measure([BINARY, bench.MODEL, pathlib.Path(folder) / "workspace", size, options.steps])
        print(f"{size:9} examples: {run['cost_us']:.0f} us a token ({run['prepare_us']:.2f} of them before the first step), peak {run['peak_mb']:.0f} MB")
    costs = [run["cost_us"] for run in results.values()]
    peaks = [run["peak_mb"] for run in results.values()]
    print(f"peak memory from {min(peaks):.0f} to {max(peaks):.0f} MB")
    bench.finish("train-scale", max(costs) / min(costs), None, None, "dearest token over cheapest")


if __name__ == "__main__":
    main()
