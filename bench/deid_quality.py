"""deid-quality: F1 by characters, ours against Presidio's analyzer, on the same files in one run.

An identifier counts where it is covered, whatever class it was taken for; white space is left out.
Each is scored on the classes of the gold; the last line is of all files together.
"""
import argparse
import json
import pathlib

import deid_texts
import side_by_side as bench

HERE = pathlib.Path(__file__).resolve().parent


def counts(texts, spans):
    """Characters that are rightly covered, wrongly covered, missed; and those that identify nobody."""
    right = wrong = missed = others = 0
    for line, found in zip(open(texts, encoding="utf-8"), open(spans, encoding="utf-8")):
        document = json.loads(line)
        text = document["text"]
        gold = {i for s in document["spans"] for i in range(s["start"], s["end"]) if not text[i].isspace()}
        covered = {i for s in json.loads(found) for i in range(s[0], s[1]) if not text[i].isspace()}
        right += len(gold & covered)
        wrong += len(covered - gold)
        missed += len(gold - covered)
        others += sum(not c.isspace() for c in text) - len(gold)
    return right, wrong, missed, others


def row(name, right, wrong, missed, others):
    precision = right / max(1, right + wrong)
    recall = right / max(1, right + missed)
    f1 = 2 * right / max(1, 2 * right + wrong + missed)
    print(f"  {name:24} precision {precision:.4f}  recall {recall:.4f}  F1 {f1:.4f}  altered {wrong / max(1, others):.4f}")
    return f1


def main():
    argparse.ArgumentParser().parse_args()
    bench.build("residency_deid_bench", "residency")
    python = bench.venv("presidio", "presidio-analyzer==2.2.366")
    files = {"hand-written, held out": deid_texts.hand_written("held_out"), "hand-written, held out 2": deid_texts.hand_written("held_out_2"),
             "hand-written, tuning": deid_texts.hand_written("tuning"), "hand-written, tuning 2": deid_texts.hand_written("tuning_2"),
             "synthetic hospital": deid_texts.synthetic(), "presidio-research": deid_texts.presidio_research()}
    sums = {"ours": [0] * 4, "Presidio": [0] * 4}
    model = ""
    for name, texts in files.items():
        if texts is None:
            continue
        spans = {who: texts.with_suffix(f".{who}.spans") for who in sums}
        bench.measure([bench.ROOT / "build/release/src/deid/residency_deid_bench", texts, "--rounds", "1", "--spans", spans["ours"]])
        model = bench.measure([python, HERE / "deid_presidio_peer.py", texts, "--spans", spans["Presidio"]])["model"]
        print(f"{name}: {sum(1 for _ in open(texts))} documents, without the patient's record")
        for who, path in spans.items():
            numbers = counts(texts, path)
            row(who, *numbers)
            sums[who] = [a + b for a, b in zip(sums[who], numbers)]
    print("all files")
    f1 = {who: row(who, *numbers) for who, numbers in sums.items()}
    if model == "none":
        print("Presidio ran without a model: en_core_web_lg, its default, is in no package registry. Set RESIDENCY_PRESIDIO_MODEL\n"
              "to a folder that holds it. Its authors' own figures with it, on presidio-research: precision 0.685, recall 0.603.")
    bench.finish("deid-quality", f1["ours"], f1["Presidio"], f1["ours"] / f1["Presidio"], "F1 by characters")


if __name__ == "__main__":
    main()
