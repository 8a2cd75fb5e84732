"""Our scorers against the field's, on the same predictions: seqeval, rouge-score, sacrebleu, scikit-learn and the BC5CDR kit.

Runs itself again under the Python of scripts/setup's test environment, which has the packages.
"""
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest
import zipfile

CACHE = pathlib.Path(os.environ.get("RESIDENCY_CACHE") or pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "residency")
PYTHON = CACHE / "venv-score/bin/python"
if not sys.prefix.startswith(str(CACHE)) and PYTHON.exists():
    os.execv(PYTHON, [str(PYTHON), *sys.argv])

import harness  # noqa: E402
from rouge_score import rouge_scorer  # noqa: E402
from sacrebleu.metrics import CHRF  # noqa: E402
from seqeval.metrics import classification_report  # noqa: E402
from seqeval.scheme import BILOU, IOB2, IOBES  # noqa: E402
from sklearn.metrics import f1_score  # noqa: E402

TYPES = ("Chemical", "Disease", "Gene")
WORDS = "The patient was given aspirin 81 mg daily for chest pain; no fever, no Ängste – 5 µg of digoxin. İstanbul K2 naïve".split()


class ScorersTest(unittest.TestCase):
    def setUp(self):
        self.random = random.Random(11)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def score(self, text, *words):
        path = self.folder / "given"
        path.write_text(text)
        return json.loads(harness.run("eval", "score", path, *words, "--resamples", "100", "--json").stdout)["metrics"]

    def tags(self, prefixes, count):
        return [self.random.choice(["O", "O"] + [f"{prefix}-{kind}" for prefix in prefixes for kind in TYPES]) for _ in range(count)]

    def same_as_seqeval(self, prefixes, name, **mode):
        gold = [self.tags(prefixes, self.random.randint(1, 12)) for _ in range(400)]
        given = [[tag if self.random.random() < 0.7 else self.tags(prefixes, 1)[0] for tag in sentence] for sentence in gold]
        columns = "\n".join("".join(f"w {a} {b}\n" for a, b in zip(x, y)) for x, y in zip(gold, given))
        ours = self.score(columns, "--columns", name)
        theirs = classification_report(gold, given, output_dict=True, zero_division=0, **mode)
        for metric, average, key in (("micro_f1", "micro avg", "f1-score"), ("micro_precision", "micro avg", "precision"),
                                     ("micro_recall", "micro avg", "recall"), ("macro_f1", "macro avg", "f1-score")):
            self.assertAlmostEqual(ours[metric]["value"], float(theirs[average][key]), 12, f"{name} {metric}")
        self.assertGreater(ours["micro_f1"]["value"], 0.1)
        self.assertGreaterEqual(ours["relaxed_micro_f1"]["value"], ours["micro_f1"]["value"])

    def test_entities_as_seqeval(self):
        self.same_as_seqeval("BI", "lenient")
        self.same_as_seqeval("BIES", "lenient")
        self.same_as_seqeval("BI", "iob2", mode="strict", scheme=IOB2)
        self.same_as_seqeval("BIES", "iobes", mode="strict", scheme=IOBES)
        self.same_as_seqeval("BILU", "bilou", mode="strict", scheme=BILOU)

    def test_texts_as_rouge_score_and_sacrebleu(self):
        pairs = []
        for _ in range(200):
            reference = self.random.choices(WORDS, k=self.random.randint(1, 30))
            written = [word for word in reference if self.random.random() < 0.7] + self.random.choices(WORDS, k=self.random.randint(0, 5))
            pairs.append((" ".join(reference), "  ".join(written)))
        pairs += [("Same text.", "Same text."), ("One thing", ""), ("ÄÖÜ ß", "äöü ss"), ("\u3000wide\u2003space", "wide space")]
        ours = self.score("".join(json.dumps({"reference": r, "prediction": p}) + "\n" for r, p in pairs), "--task", "generation")
        scorer = rouge_scorer.RougeScorer(["rougeL"])
        rouge = sum(scorer.score(r, p)["rougeL"].fmeasure for r, p in pairs) / len(pairs)
        self.assertAlmostEqual(ours["rouge_l"]["value"], rouge, 12)
        self.assertAlmostEqual(100 * ours["chrf"]["value"], CHRF().corpus_score([p for _, p in pairs], [[r for r, _ in pairs]]).score, 9)

    def test_classes_and_codes_as_scikit_learn(self):
        labels = ["none", "advise", "effect", "mechanism", "int"]
        gold = [self.random.choice(labels) for _ in range(600)]
        given = [label if self.random.random() < 0.6 else self.random.choice(labels) for label in gold]
        text = "".join(json.dumps({"label": g, "prediction": p}) + "\n" for g, p in zip(gold, given))
        ours = self.score(text, "--task", "classification", "--negative", "none")
        positive = labels[1:]
        self.assertAlmostEqual(ours["micro_f1"]["value"], f1_score(gold, given, labels=positive, average="micro"), 12)
        self.assertAlmostEqual(ours["macro_f1"]["value"], f1_score(gold, given, labels=positive, average="macro"), 12)
        self.assertAlmostEqual(ours["detection_f1"]["value"], f1_score([g != "none" for g in gold], [p != "none" for p in given]), 12)
        plain = self.score(text, "--task", "classification")
        self.assertAlmostEqual(plain["macro_f1"]["value"], f1_score(gold, given, average="macro"), 12)
        codes = ["I10", "E11.9", "E11.65", "J45.909", "N39.0"]
        sets = [(self.random.sample(codes, self.random.randint(1, 3)), self.random.sample(codes, self.random.randint(0, 3))) for _ in range(300)]
        ours = self.score("".join(json.dumps({"labels": g, "parsed": p}) + "\n" for g, p in sets), "--task", "code_f1")
        matrix = [[[code in part for code in codes] for part in pair] for pair in sets]
        for average in ("micro", "macro"):
            self.assertAlmostEqual(ours[f"{average}_f1"]["value"], f1_score([m[0] for m in matrix], [m[1] for m in matrix], average=average, zero_division=0), 12)
        hits = sum(len(set(g) & set(p[:5])) for g, p in sets)
        self.assertAlmostEqual(ours["precision_at_5"]["value"], hits / (5 * len(sets)), 12)

    def test_entities_as_the_bc5cdr_kit(self):
        kit = harness.SHARED_DATA / "bc5cdr/BC5CDR_Evaluation-0.0.3.zip"
        if not kit.exists() or subprocess.run(["sh", "-c", "command -v java"], stdout=subprocess.DEVNULL).returncode != 0:
            self.skipTest("needs the kit and java")
        zipfile.ZipFile(kit).extractall(self.folder)
        root = self.folder / "BC5CDR_Evaluation-0.0.3"
        files = [root / "data/gold/CDR_sample.gold.PubTator", root / "data/test/CDR_sample.test.DNER.PubTator"]
        counts = {"TP": 0, "FP": 0, "FN": 0}
        for kind in ("Disease", "Chemical"):
            said = subprocess.run(["java", "-cp", root / "bc5cdr_eval.jar", "ncbi.bc5cdr_eval.Evaluate", "mention", kind, "PubTator", *files], capture_output=True, text=True, check=True).stdout
            for line in said.splitlines():
                if line.split(":")[0] in counts:
                    counts[line.split(":")[0]] += int(line.split(":")[1])
        gold, given = (self.mentions(path) for path in files)
        lines = "".join(json.dumps({"id": document, "labels": gold[document], "parsed": given.get(document, [])}) + "\n" for document in gold)
        ours = self.score(lines, "--task", "entities")
        self.assertGreater(counts["TP"], 100)
        self.assertAlmostEqual(ours["micro_precision"]["value"], counts["TP"] / (counts["TP"] + counts["FP"]), 12)
        self.assertAlmostEqual(ours["micro_recall"]["value"], counts["TP"] / (counts["TP"] + counts["FN"]), 12)

    def mentions(self, path):
        documents = {}
        for line in path.read_text().splitlines():
            fields = line.split("\t")
            if "|t|" in line:
                documents.setdefault(line.split("|")[0], [])
            elif len(fields) >= 5 and fields[1].isdigit() and fields[4] in ("Disease", "Chemical"):
                documents.setdefault(fields[0], []).append({"start": int(fields[1]), "end": int(fields[2]), "type": fields[4]})
        return documents


if __name__ == "__main__":
    unittest.main()
