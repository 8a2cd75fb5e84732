"""Texts of mixed clinical lengths for the benches of training, as JSON lines under build/bench:
transcribed reports and sections of notes where the public data is at hand, else a synthetic
hospital's notes. Every second text is a section, so that short and long ones alternate."""
import csv
import json
import random

import deid_texts


def texts():
    reports = deid_texts.reports()
    sections = deid_texts.SHARED / "mts_dialog/MTS-Dialog-TrainingSet.csv"
    if reports is None or not sections.exists():
        return [json.loads(line)["text"] for line in open(deid_texts.synthetic(), encoding="utf-8")]
    long = [json.loads(line)["text"] for line in open(reports, encoding="utf-8")]
    with open(sections, encoding="utf-8", newline="") as rows:
        short = [row["section_text"] for row in csv.DictReader(rows)]
    random.Random(4).shuffle(long)
    random.Random(5).shuffle(short)
    return [text for pair in zip(long, short) for text in pair]


def write(count):
    chosen = [{"text": text} for text in texts() if len(text) > 20][:count]
    return deid_texts.write(f"clinical-{count}", chosen)


if __name__ == "__main__":
    print(write(200))
