"""Bad input gives one clear error naming file, line and field; the rest goes on where that is safe."""
import base64
import json
import pathlib
import subprocess
import unittest

import harness


class BadInputTest(unittest.TestCase):
    def setUp(self):
        self.scratch = harness.Scratch()
        self.addCleanup(self.scratch.close)
        self.workspace = self.scratch.workspace

    def fails(self, status, *words, says=()):
        done = harness.run(*words, check=False)
        self.assertEqual(done.returncode, status, done.stderr)
        for text in says:
            self.assertIn(text, done.stderr)
        self.assertLess(len(done.stderr), 4000)
        return done

    def ingest(self, folder, *flags):
        done = harness.run("ingest", "run", "--source", folder, "-w", self.workspace, "--json", *flags)
        made = json.loads(done.stdout)["artifacts"]
        quarantine = [a["id"] for a in made if a["kind"] == "quarantine"]
        entries = json.loads(harness.run("ingest", "quarantine", quarantine[0], "-w", self.workspace, "--json").stdout) if quarantine else []
        raw = next(a for a in made if a["kind"] == "corpus.raw")
        return raw, entries

    def test_unknown_recipe_keys_are_named_with_their_line(self):
        recipe = self.scratch.root / "bad.yaml"
        recipe.write_text(self.scratch.recipe.read_text().replace("steps_max:", "stepz_max:") + "trian: {}\n")
        self.fails(2, "run", recipe, "-w", self.workspace, says=("bad.yaml:", "stepz_max", "trian"))
        self.fails(2, "run", self.scratch.recipe, "-w", self.workspace, "-s", "train.lora.rank=0", says=("rank",))

    def test_truncated_bundle_is_quarantined_and_the_rest_goes_on(self):
        folder = self.scratch.root / "bundles"
        folder.mkdir()
        patient = {"resourceType": "Patient", "id": "p1", "name": [{"family": "Ames"}]}
        good = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": patient}]})
        (folder / "bundle-1.json").write_text(good)
        (folder / "bundle-2.json").write_text(good[: len(good) // 2])
        raw, entries = self.ingest(folder, "--format", "fhir_bundle")
        self.assertEqual(raw["counts"]["records"], 1)
        self.assertEqual(len(entries), 1)
        self.assertIn("bundle-2.json", entries[0]["file"])

    def test_broken_ndjson_line_and_wrong_base64_are_named(self):
        folder = self.scratch.root / "ndjson"
        folder.mkdir()
        document = {"resourceType": "DocumentReference", "id": "d1", "subject": {"reference": "Patient/p1"}, "content": [
            {"attachment": {"contentType": "text/plain", "data": "@@not base64@@"}}]}
        fine = dict(document, id="d2", content=[{"attachment": {"contentType": "text/plain",
                                                                "data": base64.b64encode(b"A quiet night.").decode()}}])
        (folder / "DocumentReference.ndjson").write_text("\n".join([json.dumps(document), '{"resourceType": "Docu', json.dumps(fine)]) + "\n")
        raw, entries = self.ingest(folder, "--format", "fhir_ndjson")
        self.assertGreaterEqual(raw["counts"]["notes"], 1)
        self.assertEqual(sorted(entry["line"] for entry in entries), [1, 2])
        self.assertTrue(any("attachment.data" in entry["field"] for entry in entries), entries)
        self.assertTrue(all("DocumentReference.ndjson" in entry["file"] for entry in entries))

    def test_a_model_cut_short_or_with_a_wrong_digest_is_refused(self):
        model = self.scratch.root / "tiny.gguf"
        cut = self.scratch.root / "cut.gguf"
        cut.write_bytes(model.read_bytes()[:-1000])
        self.fails(1, "models", "add", "--path", cut, "-w", self.workspace, says=("cut.gguf",))
        self.fails(1, "models", "add", "--path", model, "--sha256", "0" * 64, "-w", self.workspace, says=("digest", "tiny.gguf"))

    def test_a_second_process_on_the_workspace_is_refused(self):
        first = harness.start("run", self.scratch.recipe, "-w", self.workspace, "-q")
        try:
            for _ in range(300):
                if (pathlib.Path(self.workspace) / "worker.lock").exists():
                    break
                subprocess.run(["sleep", "0.02"])
            self.fails(1, "run", self.scratch.recipe, "-w", self.workspace, says=("another process",))
        finally:
            harness.kill9(first)
        harness.run("run", self.scratch.recipe, "-w", self.workspace, "-q")

    def test_a_full_disk_leaves_the_workspace_whole(self):
        full = self.scratch.root / "full"
        full.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", full], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("needs the right to mount a small file system")
        try:
            workspace = full / "workspace"
            harness.run("init", workspace)
            done = harness.run("run", self.scratch.recipe, "-w", workspace, "-q", "-s", "synth.patients=200", check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("No space left", done.stderr)
            subprocess.run(["mount", "-o", "remount,size=400m", full], check=True)
            harness.run("artifacts", "--verify", "-w", workspace)
            harness.run("run", self.scratch.recipe, "-w", workspace, "-q")
            harness.run("audit", "verify", "-w", workspace)
        finally:
            subprocess.run(["umount", full])

    def test_wrong_usage_is_status_2_and_missing_things_are_named(self):
        self.fails(2, "frobnicate", says=("no such command",))
        self.fails(2, "run", says=("recipe",))
        self.fails(1, "run", self.scratch.root / "none.yaml", says=("none.yaml",))
        self.fails(1, "jobs", "-w", self.scratch.root / "nowhere", says=("residency init",))
        self.fails(1, "lineage", "adapter-ffffffffffff", "-w", self.workspace)
        self.fails(1, "init", self.workspace, says=("exists",))

    def test_a_changed_audit_log_is_found(self):
        harness.run("ingest", "run", "--source", self.write_note(), "--format", "notes", "-w", self.workspace)
        harness.run("audit", "verify", "-w", self.workspace)
        log = sorted((pathlib.Path(self.workspace) / "audit").glob("log-*"))[0]
        data = bytearray(log.read_bytes())
        for at in range(0, len(data), max(1, len(data) // 40)):
            changed = bytearray(data)
            changed[at] ^= 1
            log.write_bytes(changed)
            self.fails(1, "audit", "verify", "-w", self.workspace)
        log.write_bytes(data)
        harness.run("audit", "verify", "-w", self.workspace)

    def write_note(self):
        folder = self.scratch.root / "notes"
        folder.mkdir(exist_ok=True)
        (folder / "note-1.txt").write_text("Progress note. Afebrile, lungs clear.\n")
        return folder


if __name__ == "__main__":
    unittest.main()
