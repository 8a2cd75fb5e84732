"""Training over ranks: the artifact of one rank, with 2 and 4 processes, after a death, over two network namespaces."""
import json
import os
import shutil
import subprocess
import time
import unittest

import harness

NAMESPACES = ("residency-rank-a", "residency-rank-b")


def namespaces():
    """Two network namespaces with a cable between them, or why there are none."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return "needs root and the ip command"
    made = []
    for words in (["netns", "add", NAMESPACES[0]], ["netns", "add", NAMESPACES[1]],
                  ["link", "add", "resranka", "netns", NAMESPACES[0], "type", "veth", "peer", "name", "resrankb", "netns", NAMESPACES[1]],
                  *([*("-n", NAMESPACES[i]), *rest] for i in (0, 1) for rest in (
                      ["addr", "add", f"10.77.41.{i + 1}/24", "dev", f"resrank{'ab'[i]}"], ["link", "set", f"resrank{'ab'[i]}", "up"], ["link", "set", "lo", "up"]))):
        made = subprocess.run(["ip", *words], capture_output=True, text=True)
        if made.returncode != 0:
            return "the machine makes no network namespaces: " + made.stderr.strip()
    return ""


class RanksTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = harness.Scratch(steps=12)
        cls.addClassCleanup(cls.scratch.close)
        harness.run("run", cls.scratch.recipe, "-w", cls.scratch.workspace, "-q")
        listed = json.loads(harness.run("artifacts", "-w", cls.scratch.workspace, "--json").stdout)
        kinds = {item["kind"]: item["id"] for item in listed}
        cls.words = ["--dataset", kinds["dataset"], "--base", kinds["base"], "-s", "steps_max=12", "-s", "checkpoint_every_steps=2",
                     "-s", "batch_tokens=1024", "-s", "threads=1", "-s", "learning_rate=0.004"]
        cls.alone = cls.train(cls.scratch.copy_workspace("alone"))

    @classmethod
    def train(cls, workspace, *words, check=True, env=None):
        done = harness.run("train", "run", *cls.words, *words, "-w", workspace, "--json", check=check, env=env)
        return json.loads(done.stdout)["artifacts"][0]["id"] if check else done

    def test_two_and_four_processes_make_the_artifact_of_one(self):
        for ranks in ("2", "4"):
            self.assertEqual(self.train(self.scratch.copy_workspace("ranks" + ranks), "--ranks", ranks), self.alone)

    def test_a_rank_that_dies_ends_the_job_and_another_number_goes_on(self):
        workspace = self.scratch.copy_workspace("dies")
        words = [str(word) for word in ["train", "run", *self.words, "-s", "checkpoint_every_steps=1", "-s", "epochs=40", "-s", "steps_max=400"]]
        process = harness.start(*words, "--ranks", "2", "-w", workspace)
        follower = ""
        metrics = []
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and (not follower or not metrics):
            follower = subprocess.run(["pgrep", "-f", f"train follow --workspace {workspace}"], capture_output=True, text=True).stdout.split()[:1]
            metrics = [path for path in workspace.glob("runs/*/*") if path.name.startswith("progress") or path.suffix == ".jsonl"]
            time.sleep(0.02)
        self.assertTrue(follower, "no other rank was started")
        os.kill(int(follower[0]), 9)
        self.assertNotEqual(process.wait(60), 0)
        left = subprocess.run(["pgrep", "-f", f"train follow --workspace {workspace}"], capture_output=True, text=True).stdout
        self.assertEqual(left, "")
        resumed = harness.run(*words, "--ranks", "3", "-w", workspace, "--json")
        whole = harness.run(*words, "-w", self.scratch.copy_workspace("undisturbed"), "--json")
        self.assertEqual(json.loads(resumed.stdout)["artifacts"][0]["id"], json.loads(whole.stdout)["artifacts"][0]["id"])

    def test_over_two_network_namespaces(self):
        try:
            why_not = namespaces()
            if why_not:
                self.skipTest(why_not)
            workspace = self.scratch.copy_workspace("namespaces")
            ranks = []
            for rank, name in enumerate(NAMESPACES):
                env = dict(os.environ, RANK=str(rank), WORLD_SIZE="2", MASTER_ADDR="10.77.41.1", MASTER_PORT="29871", RESIDENCY_RANK_TIMEOUT_S="60")
                ranks.append(subprocess.Popen(["ip", "netns", "exec", name, harness.RESIDENCY, "train", "run", *map(str, self.words), "-w", str(workspace), "--json"],
                                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env))
            said = [rank.communicate(timeout=120) for rank in ranks]
            self.assertEqual([rank.returncode for rank in ranks], [0, 0], said)
            self.assertEqual(json.loads(said[0][0])["artifacts"][0]["id"], self.alone)
        finally:
            for name in NAMESPACES:
                subprocess.run(["ip", "netns", "delete", name], capture_output=True)

    def test_wrong_ranks_are_refused(self):
        workspace = self.scratch.copy_workspace("refused")
        self.assertEqual(self.train(workspace, "--ranks", "0", check=False).returncode, 2)
        env = dict(os.environ, RANK="1", WORLD_SIZE="2", MASTER_ADDR="127.0.0.1")
        done = self.train(workspace, check=False, env=env)
        self.assertEqual(done.returncode, 2)
        self.assertIn("MASTER_PORT", done.stdout + done.stderr)
        env["MASTER_PORT"] = "9"
        env["RESIDENCY_RANK_TIMEOUT_S"] = "1"
        done = self.train(workspace, check=False, env=env)
        self.assertEqual(done.returncode, 1)
        self.assertIn("joining rank 0", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
