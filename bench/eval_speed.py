"""eval-speed: questions a second, ours against lm-evaluation-harness, on the same GGUF weights and the same two cores.

Both score the first --items questions of MedQA. Ours: the whole step, from process start over
loading to the scores, in bf16. The harness (backend hf): from simple_evaluate() to its end, model
already loaded, in fp32 and bf16 and with several batch sizes; its best counts. A second line has
five shots that all questions share.
"""
import argparse
import tempfile

import eval_peer
import side_by_side as bench


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--items", type=int, default=200)
    options.add_argument("--rounds", type=int, default=1)
    given = options.parse_args()
    bench.build("residency")
    mine, theirs = [], {}
    with tempfile.TemporaryDirectory() as folder:
        harness = eval_peer.Harness(folder)
        model = harness.unpack(eval_peer.MODEL)
        for round_number in range(given.rounds):
            # Another workspace each round: what was scored is not scored again.
            (eval_peer.pathlib.Path(folder) / f"round{round_number}").mkdir()
            ours = eval_peer.Ours(f"{folder}/round{round_number}", "bf16")
            done = ours.run("medqa", given.items)
            mine.append(done["items"] / done["seconds"])
            print(f"ours: {mine[-1]:.2f} questions/s", flush=True)
            for dtype, batch in (("bfloat16", 1), ("bfloat16", 8), ("float32", 4)):
                done = harness.run(model, [("medqa", 0)], dtype, batch, given.items)["medqa_4options"]
                theirs.setdefault((dtype, batch), []).append(done["items"] / done["seconds"])
                print(f"harness {dtype}, batch {batch}: {theirs[dtype, batch][-1]:.2f} questions/s", flush=True)
        few = max(10, given.items // 4)
        shared = ours.run("medqa", few, shots=5, order="first")
        print(f"ours, 5 shots that all share: {shared['items'] / shared['seconds']:.2f} questions/s", flush=True)
    ours_best = max(mine)
    peer = max(max(values) for values in theirs.values())
    bench.finish("eval-speed", ours_best, peer, ours_best / peer, "questions/s")


if __name__ == "__main__":
    main()
