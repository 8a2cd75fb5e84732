"""A signed, reversible policy through the binary: reversal for the holder of the key alone, every act in the audit
log, export and import, shredding, and no identifier in any plain file or message."""
import json
import pathlib
import shutil
import unittest

import harness

NOTES = {
    "a": ("patient-81", "Ruth Zyxquillon", "Patient: Ruth Zyxquillon  MRN: 88417733\nSeen 2021-03-14 by Dr. Vrothmarsh. "
                                           "Ms. Zyxquillon takes metformin 500 mg. Follow-up 2021-03-21.\n"),
    "b": ("patient-82", "Omar Quillonshire", "Patient: Omar Quillonshire  MRN: 55512349\nSeen 2020-11-02. HbA1c 6.0 %.\n"),
}
OFFICER = ["--role", "privacy-officer", "--reason", "subject access request 12"]


class CrosswalkTest(unittest.TestCase):
    def setUp(self):
        self.scratch = harness.Scratch()
        self.addCleanup(self.scratch.close)
        self.root = pathlib.Path(self.scratch.root)
        rows = [json.dumps({"patient_id": patient, "patient_name": name, "text": text}) for patient, name, text in NOTES.values()]
        (self.root / "notes.jsonl").write_text("\n".join(rows) + "\n")
        self.policy = self.root / "policy.yaml"
        self.said = ""

    def residency(self, *words, **more):
        done = harness.run(*words, **more)
        self.said += done.stdout + done.stderr
        return done

    def in_workspace(self, *words, **more):
        return self.residency(*words, "-w", self.scratch.workspace, **more)

    def signed_policy(self, **actions):
        self.residency("deid", "policy", "init", self.policy, "--preset", "expert-determination")
        text = self.policy.read_text().replace("reversible: false", "reversible: true")
        for name, action in actions.items():
            text = "\n".join(f"  {name}: {action}" if line.startswith(f"  {name}:") else line for line in text.split("\n"))
        self.policy.write_text(text)
        made = json.loads(self.residency("deid", "policy", "keygen", self.root / "officer.key", "--json").stdout)
        self.residency("deid", "policy", "sign", self.policy, "--key", self.root / "officer.key")
        return made["public_key"]

    def clean_corpus(self, key):
        made = json.loads(self.in_workspace("ingest", "run", "--source", self.root / "notes.jsonl", "--format", "jsonl",
                                            "--json").stdout)
        raw = next(item["id"] for item in made["artifacts"] if item["kind"] == "corpus.raw")
        done = self.in_workspace("deid", "run", "--input", raw, "-s", f"policy.file={self.policy}",
                                 "-s", f"policy.require_signature_by={key}", "--json")
        made = json.loads(done.stdout)
        clean = next(item for item in made["artifacts"] if item["kind"] == "corpus.clean")
        return raw, clean

    def audit(self):
        return [json.loads(line) for line in self.in_workspace("audit", "tail").stdout.splitlines()]

    def test_life_of_a_crosswalk(self):
        key = self.signed_policy(MRN="encrypt", SSN="keyed_hash")
        raw, clean = self.clean_corpus(key)
        certificate = clean["properties"]["certificate"]
        self.assertEqual(certificate["method"], "expert_determination")
        self.assertEqual(certificate["policy"]["policy"]["file"]["signed_by"], key)
        self.assertIn("MRN", [reason["subject"] for reason in certificate["method_reasons"]])

        # Another role, no role's reason, and a missing key are refused, and the log says so.
        for words in (["--role", "nurse", "--reason", "curious about this"], ["--role", "privacy-officer", "--reason", "why"]):
            done = harness.run("deid", "reverse", clean["id"], "-w", self.scratch.workspace, *words, check=False)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertEqual((self.audit()[-1]["type"], self.audit()[-1]["reason_code"]), ("deid.reverse", "permission_denied"))
        keys = pathlib.Path(self.scratch.workspace) / "keys" / "crosswalk"
        shutil.move(keys, self.root / "safe")
        done = harness.run("deid", "reverse", clean["id"], "-w", self.scratch.workspace, *OFFICER, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(self.audit()[-1]["reason_code"], "failed_precondition")

        # Whoever holds the key gets the values back.
        elsewhere = {"RESIDENCY_CROSSWALK_KEYS": str(self.root / "safe")}
        done = harness.run("deid", "reverse", clean["id"], "-w", self.scratch.workspace, *OFFICER, env=elsewhere)
        back = "\n".join(sorted(json.loads(line)["text"] or json.loads(line)["structured"] for line in done.stdout.splitlines()))
        for part in ("Ruth Zyxquillon", "88417733", "Vrothmarsh", "2021-03-14", "2021-03-21", "metformin 500 mg", "Omar Quillonshire"):
            self.assertIn(part, back)
        self.assertEqual((self.audit()[-1]["outcome"], self.audit()[-1]["counts"]["records"]), ("success", len(done.stdout.splitlines())))
        shutil.move(self.root / "safe", keys)

        # Out under a passphrase, and into another workspace.
        passphrase = {"RESIDENCY_EXPORT_PASSPHRASE": "correct horse battery"}
        self.in_workspace("deid", "crosswalk", "export", "--out", self.root / "export.bin", *OFFICER, env=passphrase)
        self.assertNotIn(b"Zyxquillon", (self.root / "export.bin").read_bytes())
        other = self.root / "other"
        harness.run("init", other)
        harness.run("deid", "crosswalk", "import", "--in", self.root / "export.bin", "-w", other, *OFFICER, env=passphrase)
        there = json.loads(harness.run("deid", "crosswalk", "status", "-w", other, "--json").stdout)
        self.assertEqual(there["patients"], 2)

        # Shredded: nothing comes back, the next run begins anew.
        done = harness.run("deid", "crosswalk", "shred", "-w", self.scratch.workspace, *OFFICER, check=False)
        self.assertEqual(done.returncode, 2)
        self.in_workspace("deid", "crosswalk", "shred", "--yes", *OFFICER)
        self.assertEqual(self.audit()[-1]["type"], "crosswalk.shred")
        done = harness.run("deid", "reverse", clean["id"], "-w", self.scratch.workspace, *OFFICER, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        _, again = self.clean_corpus(key)
        self.assertNotEqual(again["id"], clean["id"])
        self.in_workspace("audit", "verify")

        # No identifier in a plain file or in anything that was said.
        for word in ("Zyxquillon", "Vrothmarsh", "88417733", "Quillonshire", "subject access"):
            self.assertNotIn(word, self.said)
            for path in pathlib.Path(self.scratch.workspace).rglob("*"):
                if path.is_file():
                    self.assertNotIn(word.encode(), path.read_bytes(), path)

    def test_a_changed_policy_is_refused(self):
        key = self.signed_policy()
        self.policy.write_text(self.policy.read_text() + "# one more line\n")
        done = harness.run("deid", "policy", "verify", self.policy, check=False)
        self.assertEqual(done.returncode, 1)
        with self.assertRaises(AssertionError):
            self.clean_corpus(key)
        self.residency("deid", "policy", "sign", self.policy, "--key", self.root / "officer.key")
        self.residency("deid", "policy", "verify", self.policy, "--key", key)


if __name__ == "__main__":
    unittest.main()
