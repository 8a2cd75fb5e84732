"""Heads that say labels, from labelled lines to a scored model, its report and card; and the sets that trainers bring."""
import json
import random
import unittest

import harness

RECIPE = """\
name: labels
dataset:
  task: jsonl
  path: "{lines}"
  waiver: {{person: Dr. L. Officer, reason: made up for a test}}
  split: {{train: 0.7, validation: 0.1, test: 0.2, seed: 3}}
base: {{path: "{model}"}}
train:
  lora: {{rank: 8, alpha: 16}}
  head: {{kind: {kind}}}
  learning_rate: 0.02
  epochs: 12
  batch_tokens: 512
  sequence_tokens_max: 256
eval: {{task: {task}, tokens_max: 8}}
gate:
  thresholds:
    - {{metric: {metric}, min_absolute: {bound}}}
"""
DRUGS = ("aspirin", "heparin", "insulin", "warfarin")


class LabelsTest(unittest.TestCase):
    def setUp(self):
        self.scratch = harness.Scratch()
        self.addCleanup(self.scratch.close)
        self.lines = self.scratch.root / "lines.jsonl"
        self.random = random.Random(7)

    def run_with(self, items, kind, task, metric, bound, check=True):
        self.lines.write_text("".join(json.dumps(item) + "\n" for item in items))
        recipe = self.scratch.root / f"{kind}.yaml"
        recipe.write_text(RECIPE.format(lines=self.lines, model=self.scratch.root / "tiny.gguf", kind=kind, task=task, metric=metric, bound=bound))
        return harness.run("run", recipe, "-w", self.scratch.workspace, "--json", check=check)

    def made(self, answer, step):
        return next(item["artifacts"][0] for item in json.loads(answer.stdout)["steps"] if item["step"] == step)

    def tagged(self, number):
        text, entities = f"note {number}:", []
        for _ in range(self.random.randint(1, 3)):
            text += " gave "
            drug = self.random.choice(DRUGS)
            entities.append({"start": len(text), "end": len(text) + len(drug), "type": "drug"})
            text += drug
            text += " to her"
        return {"id": f"n{number}", "text": text, "entities": entities}

    def test_tags_are_learnt_scored_reported_and_exported(self):
        answer = self.run_with([self.tagged(i) for i in range(120)], "tags", "entities", "micro_f1", 0.5)
        report = self.made(answer, "gate")
        out = self.scratch.root / "report"
        harness.run("eval", "report", report, "--out", out, "-w", self.scratch.workspace)
        page = (out / "report.html").read_text()
        self.assertIn("The gate passed this model", page)
        self.assertIn("<svg", page)
        self.assertNotIn("aspirin", page)
        self.assertNotIn("<script", page)
        card = (out / "model_card.md").read_text()
        self.assertIn("Dr. L. Officer", card)
        self.assertIn("head: tags", card)
        scores = json.loads((out / "report.json").read_text())
        self.assertGreater(scores["tuned"]["metrics"]["micro_f1"]["value"], scores["base"]["metrics"]["micro_f1"]["value"])
        adapter = self.made(answer, "train")
        harness.run("models", "export", adapter, "--format", "peft", "--out", self.scratch.root / "peft", "-w", self.scratch.workspace)
        self.assertTrue((self.scratch.root / "peft/head.safetensors").exists())
        self.assertTrue(json.loads((self.scratch.root / "peft/parity.json").read_text())["holds"])
        preview = harness.run("dataset", "preview", self.made(answer, "dataset"), "--base", self.made(answer, "base"), "-w", self.scratch.workspace).stdout
        self.assertIn("\u27e6drug|", preview)

    def test_one_label_and_any_number_of_labels(self):
        triage = [{"text": f"{'crushing chest pain' if i % 2 else 'small rash'} {i}", "label": "urgent" if i % 2 else "routine"} for i in range(80)]
        self.run_with(triage, "label", "classification", "accuracy", 0.8)
        codes = [{"text": f"{'high pressure ' if i % 2 else ''}{'sugar ' if i % 3 else ''}{i}", "labels": ["I10"] * (i % 2) + ["E11.9"] * (i % 3 > 0)} for i in range(90)]
        self.run_with(codes, "labels", "code_f1", "micro_f1", 0.6)

    def test_a_head_and_a_task_that_do_not_fit_are_refused(self):
        refused = self.run_with([{"text": f"t {i}", "label": str(i % 2)} for i in range(40)], "label", "entities", "micro_f1", 0, check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("tags are for entities", refused.stdout + refused.stderr)
        unlabelled = self.run_with([{"prompt": f"p {i}", "completion": "c"} for i in range(40)], "tags", "entities", "micro_f1", 0, check=False)
        self.assertIn("labelled texts", unlabelled.stdout + unlabelled.stderr)

    def test_lines_of_other_trainers_and_bare_texts(self):
        turns = [{"conversations": [{"from": "human", "value": f"a {i}"}, {"from": "gpt", "value": "b"}, {"from": "human", "value": "c"}, {"from": "gpt", "value": f"d {i}"}]} for i in range(30)]
        alpaca = [{"instruction": f"Say {i}", "input": "", "output": f"{i}"} for i in range(30)]
        texts = [{"text": f"Bare text number {i}. " * 30} for i in range(30)]
        self.lines.write_text("".join(json.dumps(item) + "\n" for item in turns + alpaca + texts))
        recipe = self.scratch.root / "mixed.yaml"
        text = RECIPE.format(lines=self.lines, model=self.scratch.root / "tiny.gguf", kind="tags", task="exact", metric="exact_match", bound=0)
        text = text.split("eval:")[0].replace("  head: {kind: tags}\n", "").replace("epochs: 12", "epochs: 1").replace("task: jsonl\n", "task: jsonl\n  turns: all\n")
        recipe.write_text(text)
        answer = harness.run("run", recipe, "-w", self.scratch.workspace, "--json")
        training = json.loads(harness.run("artifacts", "cat", self.made(answer, "train"), "training.json", "-w", self.scratch.workspace).stdout)
        self.assertGreater(training["truncation"]["loss_tokens"], 5000)
        self.assertEqual(training["truncation"]["dropped"], 0)
        shown = harness.run("dataset", "preview", self.made(answer, "dataset"), "--base", self.made(answer, "base"), "-n", "40", "--json", "-w", self.scratch.workspace).stdout
        for line in shown.splitlines():
            self.assertTrue(any(token["trained"] for token in json.loads(line)["tokens"]))


if __name__ == "__main__":
    unittest.main()
