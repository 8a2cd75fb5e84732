"""forward-parity: the trainer's forward pass against llama.cpp's on the same GGUF, 512 positions of real text.

Prints the distances that tests/parity measures; `ours` is the largest difference of
log-probabilities in fp32, over all positions and the whole vocabulary. The limit is 1e-3.
"""
import os
import re
import subprocess

import side_by_side as bench


def main():
    bench.build("parity_test")
    done = subprocess.run([bench.ROOT / "build/release/tests/parity_test", "--gtest_filter=ForwardParity.*"],
                          stdout=subprocess.PIPE, text=True, env=os.environ)
    measured = [line for line in done.stdout.splitlines() if "log-probabilities differ" in line]
    print("\n".join(measured))
    largest = [float(found[1]) for line in measured if (found := re.match(r"fp32.* by ([0-9.]+) at most", line))]
    if done.returncode != 0 or not largest:
        raise SystemExit("bench: the parity test failed or had no model or no text to read")
    bench.finish("forward-parity", max(largest), None, None, "log-probability")


if __name__ == "__main__":
    main()
