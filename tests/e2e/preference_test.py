"""DPO and ORPO from a file of judged answers to an adapter."""
import json
import unittest

import harness

RECIPE = """\
name: pairs
dataset:
  task: jsonl
  path: "{pairs}"
  waiver: {{person: Dr. P. Officer, reason: made up for a test}}
  split: {{train: 0.7, validation: 0.2, test: 0.1, seed: 3}}
base: {{path: "{model}"}}
train:
  objective: {objective}
  lora: {{rank: 4, alpha: 8}}
  learning_rate: 0.01
  epochs: 4
  batch_tokens: 512
  sequence_tokens_max: 256
"""


class PreferenceTest(unittest.TestCase):
    def setUp(self):
        self.scratch = harness.Scratch()
        self.addCleanup(self.scratch.close)
        self.pairs = self.scratch.root / "pairs.jsonl"
        self.pairs.write_text("".join(json.dumps({"prompt": f"Case {i}: cough", "chosen": f"rest and fluids {i}", "rejected": f"nothing {i}"}) + "\n" for i in range(24)))

    def run_with(self, objective, check=True):
        recipe = self.scratch.root / f"{objective}.yaml"
        recipe.write_text(RECIPE.format(pairs=self.pairs, model=self.scratch.root / "tiny.gguf", objective=objective))
        return harness.run("run", recipe, "-w", self.scratch.workspace, "--json", check=check)

    def training(self, answer):
        adapter = next(step["artifacts"][0] for step in json.loads(answer.stdout)["steps"] if step["step"] == "train")
        return json.loads(harness.run("artifacts", "cat", adapter, "training.json", "-w", self.scratch.workspace).stdout)

    def test_dpo_begins_at_log_two_and_falls(self):
        training = self.training(self.run_with("dpo"))
        self.assertLess(training["best_validation_loss"], 0.69)
        self.assertEqual(training["options"]["objective"], "dpo")

    def test_orpo_needs_no_reference(self):
        self.assertGreater(self.training(self.run_with("orpo"))["steps"], 2)

    def test_kto_takes_answers_judged_alone(self):
        self.pairs.write_text("".join(json.dumps({"prompt": f"Case {i}: cough", "completion": f"{'rest' if i % 2 else 'nothing'} {i}", "label": i % 2 == 1}) + "\n" for i in range(24)))
        training = self.training(self.run_with("kto"))
        self.assertLess(training["best_validation_loss"], 0.5)

    def test_a_set_without_rejected_answers_is_refused(self):
        self.pairs.write_text("".join(json.dumps({"prompt": f"Case {i}", "completion": f"rest {i}"}) + "\n" for i in range(24)))
        refused = self.run_with("dpo", check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("rejected", refused.stderr)


if __name__ == "__main__":
    unittest.main()
