"""gemm-share: the share of the machine's GEMM peak that a whole LoRA step reaches; no peer.

The peak is the best that oneDNN reaches in the same run, in bf16 or fp32, whichever the machine does
faster, on products of the model's own shape with packed weights. The step: r=16 on all projections,
SmolLM2-135M, 2 sequences of 512 tokens, everything included, from the embedding to the optimiser.
"""
import argparse

import side_by_side as bench


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    bench.build("residency_train_bench")
    ours = [bench.TRAIN_BENCH, bench.MODEL, "--batch", "2", "--length", "512", "--steps", "5", "--warmup", "2"]
    results = bench.in_turn({"residency": ours}, options.rounds)["residency"]
    for run in results:
        print(f"{run['engine']}: {run['gigaflops']} of {run['gemm_peak_gigaflops']} GFLOP/s; seconds by part: products {run['gemm_share']:.0%}, "
              f"attention {run['attention_share']:.0%}, loss {run['loss_share']:.0%}, optimiser {run['optimiser_share']:.0%}, other {run['other_share']:.0%}")
    bench.finish("gemm-share", bench.median(results, "peak_share"), None, None, "share of oneDNN's GEMM peak")


if __name__ == "__main__":
    main()
