"""Evaluation end to end on a tiny model: own sets, shots, other models, suites and their gate, reports, fetch."""
import hashlib
import json
import random
import unittest

import harness

RECIPE = """\
name: own
dataset:
  task: corpus
  layout: own
  format: completion
  set: {{path: set.yaml}}
  files: {{train: [train.jsonl], test: [test.jsonl]}}
  split: {{train: 1, validation: 0, test: 0}}
  waiver: {{person: Dr. E. Valuator, reason: made up for a test}}
base: {{path: tiny.gguf, type: f32}}  # in bf16 a prompt's sums depend on what shares its batch
train:
  precision: fp32
  lora: {{rank: 4, alpha: 8}}
  steps_max: {steps}
  epochs: 40
  learning_rate: 0.02
  batch_tokens: 512
  sequence_tokens_max: 256
eval: {{task: multiple_choice, choices: [A, B], shots: {{count: {shots}, order: first}}}}
others:
  - {{as: second, base: {{path: second.gguf}}}}
gate:
  thresholds:
    - {{metric: accuracy, min_absolute: {bound}}}
"""
SET = """\
kind: multiple_choice
fields: {id: id, question: q, choices: o, answer: a, sex: sex, age: age, category: ward}
"""
SUITE = """\
name: two
recipes:
  - {name: first, path: recipe.yaml, metric: accuracy}
  - {name: again, path: recipe.yaml}
gate:
  mean: {min_absolute: %s}
  none_worse: false
  gates_pass: false
"""


class EvaluationTest(unittest.TestCase):
    def setUp(self):
        self.scratch = harness.Scratch()
        self.addCleanup(self.scratch.close)
        self.root = self.scratch.root
        harness.subprocess.run([harness.MAKE_TINY_MODEL, "8", self.root / "second.gguf"], check=True)
        rng = random.Random(5)

        def line(number, word):
            right = rng.randint(0, 1)
            options = ["yes", "no"] if right == 0 else ["no", "yes"]
            return json.dumps({"id": f"q{number}", "q": f"{word} {number}?", "o": options, "a": "yes", "sex": "F" if number % 2 else "M", "age": 20 + number, "ward": "A"}) + "\n"

        train = [line(i, "trained") for i in range(40)]
        (self.root / "train.jsonl").write_text("".join(train))
        # Ten of the test's questions stand in the training set word for word but for the number's sign.
        (self.root / "test.jsonl").write_text("".join(line(i, "asked") for i in range(40)) + "".join(text.replace("?", "!").replace("q", "c", 1) for text in train[:3]))
        (self.root / "set.yaml").write_text(SET)

    def recipe(self, bound=0.0, shots=0, steps=4):
        path = self.root / "recipe.yaml"
        path.write_text(RECIPE.format(bound=bound, shots=shots, steps=steps))
        return path

    def made(self, answer, step):
        return next(item["artifacts"][0] for item in json.loads(answer.stdout)["steps"] if item["step"] == step)

    def report(self, answer):
        return json.loads(harness.run("artifacts", "cat", self.made(answer, "gate"), "report.json", "-w", self.scratch.workspace).stdout)

    def test_an_own_set_is_scored_compared_and_reported(self):
        answer = harness.run("eval", "run", self.recipe(shots=2), "-w", self.scratch.workspace, "--json")
        report = self.report(answer)
        tuned = report["tuned"]
        self.assertEqual(tuned["shots"], 2)
        self.assertEqual(tuned["items"], 43)
        self.assertFalse(tuned["official"])
        self.assertEqual(tuned["repeated"], {"items": 8, "differing": 0, "largest_logprob_difference": tuned["repeated"]["largest_logprob_difference"]})
        self.assertLess(tuned["repeated"]["largest_logprob_difference"], 1e-3)
        self.assertEqual(set(tuned["subgroups"]["age"]), {"18-44", "45-64"})
        self.assertEqual(sum(group["items"] for group in tuned["subgroups"]["sex"].values()), 43)
        self.assertTrue(tuned["training_overlap"]["known"])
        self.assertGreaterEqual(tuned["training_overlap"]["near_duplicates"], 3)
        self.assertFalse(report["base"]["training_overlap"]["known"])
        self.assertGreater(tuned["metrics"]["general_perplexity"]["value"], 1)
        self.assertIn("general_perplexity", report["comparison"]["metrics"])
        self.assertEqual([other["name"] for other in report["others"]], ["second"])
        out = self.root / "out"
        harness.run("eval", "report", self.made(answer, "gate"), "--out", out, "-w", self.scratch.workspace)
        page = (out / "report.html").read_text()
        for text in ("Reliability", "By subgroup", "Against second", "not an official score", "near duplicates"):
            self.assertIn(text, page)
        self.assertNotIn("asked 1", page)

    def test_the_same_evaluation_twice_gives_the_same_bytes(self):
        recipe = self.recipe()
        first = harness.run("run", recipe, "-w", self.scratch.workspace, "--json")
        other = self.root / "other"
        harness.run("init", other)
        second = harness.run("run", recipe, "-w", other, "--json")
        for step in ("eval-base", "eval-tuned"):
            scores = [harness.run("artifacts", "cat", self.made(answer, step), "scores.json", "-w", place).stdout
                      for answer, place in ((first, self.scratch.workspace), (second, other))]
            self.assertEqual(*scores)

    def test_a_gate_that_says_no_ends_with_3(self):
        refused = harness.run("eval", "run", self.recipe(bound=1.0), "-w", self.scratch.workspace, check=False)
        self.assertEqual(refused.returncode, 3, refused.stdout + refused.stderr)

    def test_a_suite_has_one_mean_one_gate_and_one_page(self):
        self.recipe()
        suite = self.root / "suite.yaml"
        suite.write_text(SUITE % "0.0")
        plan = harness.run("eval", "run", suite, "--plan", "--json", "-w", self.scratch.workspace)
        self.assertEqual([item["benchmark"] for item in json.loads(plan.stdout)["benchmarks"]], ["first", "again"])
        answer = json.loads(harness.run("eval", "run", suite, "-s", "again.train.steps_max=6", "--json", "-w", self.scratch.workspace).stdout)
        rows = answer["benchmarks"]
        self.assertEqual([row["metric"] for row in rows], ["accuracy", "accuracy"])
        self.assertNotEqual(rows[0]["report"], rows[1]["report"])
        self.assertAlmostEqual(answer["mean"]["tuned"]["value"], (rows[0]["tuned"]["value"] + rows[1]["tuned"]["value"]) / 2, 9)
        out = self.root / "suite"
        harness.run("eval", "report", answer["suite"], "--out", out, "-w", self.scratch.workspace)
        self.assertIn("Relative improvement of the mean", (out / "suite.html").read_text())
        self.assertIn("Dr. E. Valuator", (out / "model_card_again.md").read_text())
        suite.write_text(SUITE % "1.0")
        refused = harness.run("eval", "run", suite, "-s", "again.train.steps_max=6", "-w", self.scratch.workspace, check=False)
        self.assertEqual(refused.returncode, 3, refused.stdout + refused.stderr)
        self.assertIn("gate: refused", refused.stdout)
        suite.write_text("name: broken\nrecipes: [{name: a, path: nowhere.yaml}, {path: recipe.yaml}]\n")
        self.assertEqual(harness.run("eval", "run", suite, "-w", self.scratch.workspace, check=False).returncode, 2)

    def test_fetch_checks_what_lies_there_and_says_what_to_do_without_a_network(self):
        listed = json.loads(harness.run("eval", "fetch", "--list", "--json").stdout)
        known = next(item for item in listed if item["name"] == "pubmedqa")
        self.assertEqual(len(known["files"][0]["sha256"]), 64)
        to = self.root / "data"
        (to / "pubmedqa").mkdir(parents=True)
        (to / "pubmedqa/ori_pqal.json").write_text("{}")
        wrong = harness.run("eval", "fetch", "pubmedqa", "--to", to, check=False)
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("digest is " + hashlib.sha256(b"{}").hexdigest(), wrong.stderr)
        away = {"https_proxy": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1"}
        offline = harness.run("eval", "fetch", "ddi2013", "--to", to, check=False, env=away)
        self.assertEqual(offline.returncode, 1)
        self.assertIn("put it at", offline.stderr)
        self.assertFalse((to / "ddi2013/DDICorpus-2013.zip").exists())
        self.assertEqual(harness.run("eval", "fetch", "nothing", "--to", to, check=False).returncode, 2)


if __name__ == "__main__":
    unittest.main()
