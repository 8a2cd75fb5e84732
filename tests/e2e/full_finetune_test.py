"""Full fine-tuning from recipe to deployment: killed and resumed, evaluated, exported."""
import json
import time
import unittest

import harness


class FullFinetuneTest(unittest.TestCase):
    def setUp(self):
        self.scratch = harness.Scratch(steps=8)
        self.addCleanup(self.scratch.close)
        recipe = self.scratch.recipe.read_text().replace("  lora: {rank: 4, alpha: 8}", "  method: full\n  learning_rate: 0.001")
        self.assertIn("method: full", recipe)
        self.scratch.recipe.write_text(recipe)

    def model_of(self, workspace):
        return next(name for name in harness.artifacts(workspace) if name.startswith("model-"))

    def test_a_whole_model_is_trained_scored_deployed_and_exported(self):
        workspace = self.scratch.workspace
        harness.run("run", self.scratch.recipe, "-w", workspace, "-q")
        model = self.model_of(workspace)
        self.assertFalse([name for name in harness.artifacts(workspace) if name.startswith("adapter-")])
        deployed = json.loads(harness.run("deploy", "list", "-w", workspace, "--json", check=False).stdout or "[]")
        self.assertIn(model, json.dumps(deployed) + harness.run("lineage", model, "-w", workspace).stdout)
        out = self.scratch.root / "out.gguf"
        harness.run("models", "export", model, "--format", "merged", "--type", "f32", "--out", out, "-w", workspace)
        self.assertNotEqual(out.read_bytes()[-4096:], (self.scratch.root / "tiny.gguf").read_bytes()[-4096:])
        refused = harness.run("models", "export", model, "--format", "peft", "--out", self.scratch.root / "peft", "-w", workspace, check=False)
        self.assertEqual(refused.returncode, 2)

    def test_a_killed_run_ends_as_an_undisturbed_one(self):
        calm = self.scratch.copy_workspace("calm")
        began = time.monotonic()
        harness.run("run", self.scratch.recipe, "-w", calm, "-q")
        seconds = time.monotonic() - began
        workspace = self.scratch.copy_workspace("killed")
        for share in (0.4, 0.55, 0.7, 0.85):
            process = harness.start("run", self.scratch.recipe, "-w", workspace, "-q")
            time.sleep(seconds * share)
            harness.kill9(process)
            process.wait()
        harness.run("run", self.scratch.recipe, "-w", workspace, "-q")
        self.assertEqual(harness.artifacts(workspace), harness.artifacts(calm))


if __name__ == "__main__":
    unittest.main()
