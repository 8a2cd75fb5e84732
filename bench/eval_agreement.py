"""eval-agreement: accuracy of our scorer against lm-evaluation-harness' on the same weights and the same questions.

The model is one GGUF (SmolLM2-135M-Instruct); ours runs it widened to fp32, the harness the same
numbers out of a Hugging Face folder in fp32 (backend hf). Prompts are compared byte for byte, then
accuracies, raw and length-normalised, and the log-probabilities item by item. `ours` is the largest
difference of an accuracy in points; the limit is 0.5.

--items N takes the first N of each set; 0 takes them whole.
"""
import argparse
import tempfile

import eval_peer
import side_by_side as bench


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--items", type=int, default=0)
    options.add_argument("--type", default="f32", choices=["f32", "bf16"])
    options.add_argument("--sets", default="medqa,medmcqa,pubmedqa")
    options.add_argument("--shots", type=int, default=0, help="of MedQA, drawn from its training part as the harness draws")
    given = options.parse_args()
    bench.build("residency")
    with tempfile.TemporaryDirectory() as folder:
        harness = eval_peer.Harness(folder)
        model = harness.unpack(eval_peer.MODEL)
        ours = eval_peer.Ours(folder, given.type)
        worst = 0.0
        for name in given.sets.split(","):
            shots = given.shots if name == "medqa" else 0
            mine = ours.run(name, given.items, shots)
            theirs = harness.run(model, [(name, shots)], "float32", 8, given.items)[eval_peer.NAMES[name]]
            if not shots and mine["prompts"] != theirs["prompts"]:
                raise SystemExit(f"bench: the prompts of {name} differ")
            if mine["items"] != theirs["items"]:
                raise SystemExit(f"bench: {name} has {mine['items']} and {theirs['items']} items")
            difference = 100 * abs(mine["acc"] - theirs["acc"])
            if theirs["acc_norm"] is not None:
                difference = max(difference, 100 * abs(mine["acc_norm"] - theirs["acc_norm"]))
            worst = max(worst, difference)
            same, largest = 0, 0.0
            for a, b in zip(mine["logprobs"], theirs["logprobs"]):
                if not a:
                    continue
                same += a.index(max(a)) == b.index(max(b))
                largest = max(largest, *(abs(x - y) for x, y in zip(a, b)))
            print(f"{name}, {shots} shots: n={mine['items']} ours {100 * mine['acc']:.2f} harness {100 * theirs['acc']:.2f} ({difference:.2f} points); "
                  f"the same answer to {same} items, log-probabilities within {largest:.4f}; ours {mine['seconds']:.0f} s, harness {theirs['seconds']:.0f} s", flush=True)
    bench.finish("eval-agreement", worst, None, None, "points of accuracy, largest difference")


if __name__ == "__main__":
    main()
