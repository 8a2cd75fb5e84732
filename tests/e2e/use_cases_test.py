"""The use cases' recipes, end to end with a tiny model: from synthetic cases or a corpus to a report."""
import json
import pathlib
import unittest

import harness

RECIPES = pathlib.Path(__file__).resolve().parents[2] / "recipes"
TINY = ["base.name=", "train.steps_max=2", "train.epochs=1", "eval.items_max=4", "train.sequence_tokens_max=2048", "train.batch_tokens=2048"]
SYNTHETIC = ("ed_triage", "prior_authorization", "radiology_impression", "trial_matching")


class UseCasesTest(unittest.TestCase):
    def setUp(self):
        self.scratch = harness.Scratch()
        self.addCleanup(self.scratch.close)

    def run_recipe(self, name, *settings, check=True):
        """The shipped recipe on the tiny model, with its gate turned off."""
        text = (RECIPES / f"{name}.yaml").read_text()
        head, gate = text.split("\ngate:")
        head = head.replace("name: smollm2-135m-instruct", f'path: "{self.scratch.root / "tiny.gguf"}"')
        head = head.replace("../../shared/data", str(self.scratch.root / "data"))
        recipe = self.scratch.root / f"{name}.yaml"
        first = gate.split("metric: ")[1].split(",")[0]
        recipe.write_text(head + "\ngate:\n  thresholds: [{metric: %s, min_absolute: 0}]\n" % first)
        words = []
        for setting in [*TINY[1:], *settings]:
            words += ["-s", setting]
        return harness.run("run", recipe, *words, "-w", self.scratch.workspace, "--json", check=check)

    def made(self, answer, step):
        return next(item["artifacts"][0] for item in json.loads(answer.stdout)["steps"] if item["step"] == step)

    def report(self, answer):
        out = self.scratch.root / "report"
        harness.run("eval", "report", self.made(answer, "gate"), "--out", out, "-w", self.scratch.workspace)
        return json.loads((out / "report.json").read_text())

    def test_every_synthetic_recipe_runs(self):
        for name in SYNTHETIC:
            with self.subTest(name):
                answer = self.run_recipe(name, "synth.cases_each=40")
                dataset = self.made(answer, "dataset")
                lines = harness.run("artifacts", "cat", dataset, "test.jsonl", "-w", self.scratch.workspace).stdout.splitlines()
                self.assertGreater(len(lines), 0)
                parents = harness.run("lineage", dataset, "-w", self.scratch.workspace).stdout
                self.assertIn("source-", parents)

    def test_triage_is_scored_as_levels(self):
        scores = self.report(self.run_recipe("ed_triage", "synth.cases_each=60", "eval.items_max=15"))
        for side in ("base", "tuned"):
            self.assertIn("quadratic_kappa", scores[side]["metrics"])
            self.assertIn("above_gold_rate", scores[side]["metrics"])

    def test_decisions_are_scored_with_reasons(self):
        scores = self.report(self.run_recipe("prior_authorization", "synth.cases_each=60", "eval.items_max=8"))
        self.assertIn("reasons_micro_f1", scores["tuned"]["metrics"])

    def test_molecules_bad_rows_and_missing_labels(self):
        folder = self.scratch.root / "data/molecules"
        folder.mkdir(parents=True)
        table = folder / "BBBP.csv"
        rows = [f"{i},m,{i % 2 if i % 10 else ''},{'N' if i % 2 else 'O'}c1ccccc1{'C' * (1 + i % 40)}c1ccccc1\n" for i in range(120)]
        table.write_text("num,name,p_np,smiles\n" + "".join(rows))
        answer = self.run_recipe("bbbp")
        report = json.loads(harness.run("artifacts", "cat", self.made(answer, "dataset"), "report.json", "-w", self.scratch.workspace).stdout)
        self.assertEqual(report["left_out"]["no_label"], 12)
        self.assertEqual(report["records"], 120)
        table.write_text("num,name,p_np,smiles\n" + "".join(rows) + "1,m,1,what\n" * 5)
        refused = self.run_recipe("bbbp", check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("BBBP.csv:122: field 'smiles'", refused.stdout + refused.stderr)

    def test_a_synthetic_path_needs_the_step(self):
        text = (RECIPES / "ed_triage.yaml").read_text()
        recipe = self.scratch.root / "no_synth.yaml"
        start, end = text.index("synth:\n"), text.index("dataset:\n")
        recipe.write_text(text[:start] + text[end:])
        refused = harness.run("run", recipe, "-w", self.scratch.workspace, check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("source", refused.stdout + refused.stderr)


if __name__ == "__main__":
    unittest.main()
