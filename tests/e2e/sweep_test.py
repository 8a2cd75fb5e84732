"""residency train sweep: a grid, successive halving, points that fail, and a resumed sweep."""
import csv
import json
import unittest

import harness


class SweepTest(unittest.TestCase):
    def setUp(self):
        self.scratch = harness.Scratch(steps=4)
        self.addCleanup(self.scratch.close)

    def sweep(self, *words, check=True):
        return harness.run("train", "sweep", self.scratch.recipe, "-w", self.scratch.workspace, *words, check=check)

    def test_a_grid_is_trained_once_and_told_in_table_and_picture(self):
        out = self.scratch.root / "out"
        words = ["--grid", "train.learning_rate=0.0001,0.02", "--grid", "train.lora.rank=2,4", "--out", out, "--json"]
        points = json.loads(self.sweep(*words).stdout)["points"]
        self.assertEqual(len(points), 4)
        losses = [point["validation_loss"] for point in points]
        self.assertEqual(losses, sorted(losses))
        self.assertEqual({point["settings"]["train.lora.rank"] for point in points}, {"2", "4"})
        self.assertEqual(len({point["artifact"] for point in points}), 4)
        self.assertEqual(len(list(csv.reader((out / "sweep.csv").read_text().splitlines()))), 5)
        self.assertIn("learning_rate=0.02", (out / "sweep.svg").read_text())
        jobs = harness.run("jobs", "-w", self.scratch.workspace, "--json").stdout
        self.assertEqual(json.loads(self.sweep(*words).stdout)["points"][0]["artifact"], points[0]["artifact"])
        self.assertEqual(harness.run("jobs", "-w", self.scratch.workspace, "--json").stdout, jobs)

    def test_halving_trains_the_better_half_longer(self):
        points = json.loads(self.sweep("--grid", "train.learning_rate=0.00001,0.001,0.01,0.02", "--halving", "2", "--json").stdout)["points"]
        self.assertEqual(sorted(point["steps"] for point in points), [2, 2, 4, 8])
        self.assertEqual(points[0]["rung"], 2)

    def test_a_point_that_cannot_be_trained_fails_alone(self):
        done = self.sweep("--grid", "train.sequence_tokens_max=8,2048", "--json")
        points = json.loads(done.stdout)["points"]
        self.assertIsNotNone(points[0]["validation_loss"])
        self.assertIn("sequence_tokens_max", points[1]["failure"])

    def test_wrong_grids_are_refused(self):
        for grid in ("eval.tokens_max=1,2", "train.learning_rate", "train.learning_rate=1,,2", "train.no_such_key=1"):
            done = self.sweep("--grid", grid, check=False)
            self.assertEqual(done.returncode, 2, grid)


if __name__ == "__main__":
    unittest.main()
