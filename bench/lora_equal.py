"""lora-equal: one LoRA training step on the SmolLM2-135M shape, ours against PyTorch, in turn.

r=16 on all seven projections, 2 sequences of 512 tokens, every token supervised, bf16, AdamW.
Peers: the step in plain PyTorch on Debian's python3-torch and on current PyTorch from PyPI, and
Hugging Face PEFT with Transformers on current PyTorch.
"""
import argparse
import pathlib

import side_by_side as bench

HERE = pathlib.Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--without-pypi", action="store_true", help="leave out the peers that PyPI's torch (several GB) needs")
    options = parser.parse_args()
    bench.build("residency_train_bench")
    shape = ["--batch", "2", "--length", "512", "--steps", "5", "--warmup", "2"]
    peer = [HERE / "lora_equal_peer.py", *shape]
    programs = {"residency": [bench.TRAIN_BENCH, bench.MODEL, *shape], "plain torch (Debian)": ["/usr/bin/python3", *peer, "--engine", "plain"]}
    if not options.without_pypi:
        python = bench.venv("peft", "torch", "transformers", "peft")
        programs["plain torch (PyPI)"] = [python, *peer, "--engine", "plain"]
        programs["PEFT bf16 (PyPI)"] = [python, *peer, "--engine", "peft"]
        programs["PEFT fp32 (PyPI)"] = [python, *peer, "--engine", "peft-fp32"]
    results = bench.in_turn(programs, options.rounds)
    first = results["residency"][0]
    print("ours, in detail: " + ", ".join(f"{key} {value}" for key, value in first.items()))
    mine = bench.median(results["residency"], "tokens_per_second")
    fastest = max((name for name in results if name != "residency"), key=lambda name: bench.median(results[name], "tokens_per_second"))
    theirs = bench.median(results[fastest], "tokens_per_second")
    memory = bench.median(results["residency"], "peak_mb") / bench.median(results[fastest], "peak_mb")
    print(f"fastest peer: {fastest}; our peak memory is {memory:.2f} of its")
    bench.finish("lora-equal", mine, theirs, mine / theirs, "tokens/s")


if __name__ == "__main__":
    main()
