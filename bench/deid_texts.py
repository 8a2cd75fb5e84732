"""The texts of the deid benches, written as JSON lines under build/bench: the hand-written gold,
a synthetic hospital's notes and, where the public data is at hand, presidio-research's texts and
transcribed reports."""
import gzip
import json
import os
import pathlib
import subprocess
import sys

import side_by_side as bench

FOLDER = bench.ROOT / "build/bench"
SHARED = pathlib.Path(os.environ.get("RESIDENCY_SHARED_DATA", bench.ROOT.parent / "shared/data"))
# Titles, nationalities and organisations are marked in presidio-research's texts and are none of
# HIPAA's identifiers.
NO_IDENTIFIERS = {"TITLE", "NRP", "ORGANIZATION"}


def write(name, documents):
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.jsonl"
    with open(path, "w", encoding="utf-8") as out:
        for document in documents:
            out.write(json.dumps(document, ensure_ascii=False) + "\n")
    return path


def hand_written(part):
    converted = subprocess.run([sys.executable, bench.ROOT / "tests/gold/deid/to_jsonl.py", bench.ROOT / f"tests/gold/deid/{part}.txt"],
                               check=True, stdout=subprocess.PIPE, text=True).stdout
    return write(f"gold-{part}", (json.loads(line) for line in converted.splitlines()))


def synthetic(patients=60, seed=77077):
    root = FOLDER / f"synth-{patients}-{seed}"
    if not (root / "truth/phi.jsonl").exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        subprocess.run([bench.ROOT / "build/release/bin/residency", "synth", root, "-n", str(patients), "--seed", str(seed), "-q"],
                       check=True, stdout=sys.stderr)
    documents = []
    for line in open(root / "truth/phi.jsonl", encoding="utf-8"):
        truth = json.loads(line)
        raw = (root / f"notes/{truth['note_id']}.txt").read_bytes()
        text = raw.decode()
        spans = [{"start": len(raw[:s["start"]].decode()), "end": len(raw[:s["end"]].decode()), "label": s["class"]} for s in truth["spans"]]
        documents.append({"id": truth["note_id"], "text": text, "spans": spans})
    return write(f"synth-{patients}-{seed}", documents)


def presidio_research():
    path = SHARED / "deid/presidio_synth_v2.json"
    if not path.exists():
        return None
    documents = []
    for number, item in enumerate(json.load(open(path, encoding="utf-8"))):
        spans = [{"start": s["start_position"], "end": s["end_position"], "label": s["entity_type"]}
                 for s in item["spans"] if s["entity_type"] not in NO_IDENTIFIERS]
        documents.append({"id": str(number), "text": item["full_text"], "spans": spans})
    return write("presidio-research", documents)


def reports(count=4000):
    path = SHARED / "mtsamples/mtsamples_80.jsonl.gz"
    if not path.exists():
        return None
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["transcription"] for line in lines]
    return write(f"reports-{count}", ({"text": text} for text in texts[:count] if text))
