"""The hand-written gold: what the detector covers of it doesn't fall below what was reached."""
import json
import pathlib
import subprocess
import sys
import unittest

import harness

GOLD = pathlib.Path(__file__).resolve().parent.parent / "gold/deid"
# Documents, character recall and the share altered, with some room below and above what was measured.
FLOORS = {"tuning": (30, 0.978, 0.031), "tuning_2": (40, 0.972, 0.036), "held_out": (30, 0.955, 0.042), "held_out_2": (40, 0.96, 0.027)}


class GoldTest(unittest.TestCase):
    def setUp(self):
        self.scratch = harness.Scratch()
        self.addCleanup(self.scratch.close)

    def score(self, part, *words):
        path = pathlib.Path(self.scratch.root) / f"{part}.jsonl"
        made = subprocess.run([sys.executable, GOLD / "to_jsonl.py", GOLD / f"{part}.txt"], check=True, stdout=subprocess.PIPE, text=True)
        path.write_text(made.stdout)
        return json.loads(harness.run("deid", "score", path, "--json", "--resamples", "0", *words).stdout)

    def test_floors_hold(self):
        for part, (documents, recall, altered) in FLOORS.items():
            with self.subTest(part=part):
                found = self.score(part)
                self.assertEqual(found["documents"], documents)
                self.assertGreaterEqual(found["scores"]["recall"]["value"], recall)
                self.assertLessEqual(found["scores"]["altered"]["value"], altered)

    def test_the_record_at_hand_helps(self):
        alone = self.score("held_out")["scores"]["recall"]["value"]
        self.assertGreater(self.score("held_out", "--with-record")["scores"]["recall"]["value"], alone)


if __name__ == "__main__":
    unittest.main()
