"""kill -9 at random moments: the run goes on and ends with the artifacts of an undisturbed run."""
import os
import random
import subprocess
import time
import unittest

import harness

KILLS = int(os.environ.get("RESIDENCY_KILLS", "12"))


def children_of(pid):
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
    return [int(child) for child in found]


class KillTest(unittest.TestCase):
    def setUp(self):
        self.scratch = harness.Scratch()
        self.addCleanup(self.scratch.close)

    def test_killed_runs_end_as_an_undisturbed_one(self):
        calm = self.scratch.copy_workspace("calm")
        began = time.monotonic()
        harness.run("run", self.scratch.recipe, "-w", calm, "-q")
        seconds = time.monotonic() - began
        expected = harness.artifacts(calm)
        self.assertGreaterEqual(len(expected), 8)

        generator = random.Random(20261123)
        kills = 0
        attempt = 0
        while kills < KILLS:
            attempt += 1
            workspace = self.scratch.copy_workspace(f"killed-{attempt}")
            for _ in range(4):  # several kills of the same workspace
                process = harness.start("run", self.scratch.recipe, "-w", workspace, "-q")
                time.sleep(generator.uniform(0.02, seconds * 0.9))
                if process.poll() is not None:
                    break
                workers = children_of(process.pid)
                if workers and generator.random() < 0.3:
                    os.kill(workers[0], 9)  # the worker alone: the parent reports it and ends
                    process.wait()
                else:
                    harness.kill9(process)
                kills += 1
            harness.run("run", self.scratch.recipe, "-w", workspace, "-q")
            self.assertEqual(harness.artifacts(workspace), expected, f"attempt {attempt}")
            harness.run("artifacts", "--verify", "-w", workspace)
            harness.run("audit", "verify", "-w", workspace)
            parts = [name for _, _, files in os.walk(workspace) for name in files if name.endswith(".part")]
            self.assertEqual(parts, [])

    def test_a_second_run_redoes_nothing(self):
        workspace = self.scratch.copy_workspace("twice")
        harness.run("run", self.scratch.recipe, "-w", workspace, "-q")
        before = harness.run("jobs", "-w", workspace, "--json").stdout
        again = harness.run("run", self.scratch.recipe, "-w", workspace)
        self.assertIn("kept", again.stderr)
        self.assertEqual(harness.run("jobs", "-w", workspace, "--json").stdout, before)


if __name__ == "__main__":
    unittest.main()
