"""A clean corpus from its certificate to review and attestation, and the risk of a table."""
import json
import pathlib
import stat
import unittest

import harness

OFFICER = ["--role", "privacy-officer"]
PASS = {"RESIDENCY_REVIEW_PASSPHRASE": "a passphrase of some length"}


class ProofTest(unittest.TestCase):
    def setUp(self):
        self.scratch = harness.Scratch()
        self.addCleanup(self.scratch.close)
        self.root = pathlib.Path(self.scratch.root)
        rows = [json.dumps({"patient_id": f"p{i}", "patient_name": f"Ruth Zyxquillon{i}",
                            "text": f"Patient: Ruth Zyxquillon{i}  MRN: 8841{i:04}\nSeen 2021-03-14. HbA1c 6.{i} %.\n"}) for i in range(9)]
        (self.root / "notes.jsonl").write_text("\n".join(rows) + "\n")

    def do(self, *words, **more):
        return harness.run(*words, "-w", self.scratch.workspace, **more)

    def corpus(self, preset, source="notes.jsonl"):
        made = json.loads(self.do("ingest", "run", "--source", self.root / source, "--json").stdout)
        raw = next(item["id"] for item in made["artifacts"] if item["kind"] == "corpus.raw")
        clean = json.loads(self.do("deid", "run", "--input", raw, "--policy", preset, "--json").stdout)
        return next(item["id"] for item in clean["artifacts"] if item["kind"] == "corpus.clean")

    def certificate(self, corpus):
        return json.loads(self.do("deid", "certificate", corpus, "--json").stdout)

    def test_review_and_attestation_stand_in_the_certificate(self):
        corpus = self.corpus("safe-harbor")
        first = self.certificate(corpus)
        self.assertEqual((first["state"], first["method"], first["review"]), ("open", "safe_harbor", None))
        self.assertFalse(first["actual_knowledge_attestation"]["given"])

        sample = self.root / "sample.rev"
        refused = self.do("deid", "review", "sample", corpus, "--out", sample, "--role", "engineer", check=False, env=PASS)
        self.assertNotEqual(refused.returncode, 0)
        self.assertFalse(sample.exists())
        self.do("deid", "review", "sample", corpus, "--out", sample, "-n", "5", *OFFICER, env=PASS)
        self.assertEqual(stat.S_IMODE(sample.stat().st_mode), 0o600)
        self.assertNotIn(b"HbA1c", sample.read_bytes())
        sheet = self.root / "sheet.jsonl"
        opened = self.do("deid", "review", "open", sample, "--sheet", sheet, *OFFICER, env=PASS).stdout
        documents = [json.loads(line) for line in opened.splitlines()]
        self.assertEqual(len(documents), 5)
        self.assertNotIn("Zyxquillon", opened)
        wrong = self.do("deid", "review", "open", sample, *OFFICER, env={"RESIDENCY_REVIEW_PASSPHRASE": "not the passphrase"}, check=False)
        self.assertNotEqual(wrong.returncode, 0)

        unfilled = self.do("deid", "review", "verdicts", sample, sheet, "--reviewer", "A. Reader", *OFFICER, env=PASS, check=False)
        self.assertIn("sheet.jsonl:1", unfilled.stderr)
        lines = [{"record": document["record"], "leaks": []} for document in documents]
        lines[0]["leaks"] = [{"begin": 0, "end": 7, "class": "OTHER_ID"}]
        sheet.write_text("".join(json.dumps(line) + "\n" for line in lines))
        estimate = json.loads(self.do("deid", "review", "verdicts", sample, sheet, "--reviewer", "A. Reader", "--json", *OFFICER, env=PASS).stdout)
        self.assertEqual((estimate["documents"], estimate["leaks"]), (5, 1))

        self.do("deid", "attest", corpus, "--name", "Dr. P. Officer", "--statement", "No actual knowledge that what is left identifies anyone.", *OFFICER)
        last = self.certificate(corpus)
        self.assertEqual(last["state"], "attested")
        self.assertEqual(last["actual_knowledge_attestation"]["by"], "Dr. P. Officer")
        self.assertEqual(last["review"]["leaks"], 1)
        events = self.do("audit", "list").stdout if "list" in self.do("audit", "--help").stdout else ""
        self.assertEqual(self.do("audit", "verify").returncode, 0)
        self.assertNotIn("Zyxquillon", events)

    def test_expert_determination_needs_the_experts_report(self):
        corpus = self.corpus("expert-determination")
        words = ["deid", "attest", corpus, "--name", "Dr. E. Xpert", "--statement", "The risk is very small; see the report.", *OFFICER]
        refused = self.do(*words, check=False)
        self.assertIn("--expert-report", refused.stderr)
        report = self.root / "report.pdf"
        report.write_bytes(b"%PDF determination")
        self.do(*words, "--expert-report", report)
        certificate = self.certificate(corpus)
        self.assertTrue(certificate["expert"]["given"])
        self.assertEqual(len(certificate["expert"]["expert_report_sha256"]), 64)

    def test_the_attack_and_the_risk_of_a_corpus(self):
        folder = self.root / "mixed"
        folder.mkdir()
        people = [{"resourceType": "Patient", "id": f"p{i}", "gender": "female", "birthDate": f"19{50 + i}-03-14"} for i in range(40)]
        (folder / "people.ndjson").write_text("".join(json.dumps(one) + "\n" for one in people))
        notes = [{"patient_id": f"p{i}", "text": f"Patient: Ruth Quill{i}  MRN: 8841{i:04}\nSeen 2021-03-14 by Dr. Ann Lee. HbA1c 6.{i} %.\n"} for i in range(40)]
        (folder / "notes.jsonl").write_text("".join(json.dumps(one) + "\n" for one in notes))
        corpus = self.corpus("expert-determination", "mixed")
        self.assertIsNone(self.certificate(corpus)["parrot_attack"])
        refused = self.do("deid", "parrot", corpus, "--role", "engineer", check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertEqual(refused.stdout, "")
        found = json.loads(self.do("deid", "parrot", corpus, "--json", "--finds", "3", *OFFICER).stdout)
        self.assertGreater(found["found_again"], found["replaced"] * 0.8)
        self.assertLessEqual(len(found["finds"]), 3)
        self.assertEqual(self.certificate(corpus)["parrot_attack"]["look_alikes"], found["look_alikes"])
        self.assertIn("deid.parrot", self.do("audit", "tail").stdout)
        risk = self.do("deid", "risk", "--corpus", corpus, "--json", "-k", "2", check=False)
        self.assertEqual(json.loads(risk.stdout)["rows"], 40)
        self.assertEqual(risk.returncode, 3)

    def test_risk_of_a_table(self):
        table = self.root / "people.csv"
        table.write_text("year,zip3,diagnosis\n1950,941,E11\n1950,941,I10\n1960,941,E11\n")
        done = harness.run("deid", "risk", table, "--quasi", "year,zip3", "--sensitive", "diagnosis", "-k", "2", "--json", check=False)
        self.assertEqual(done.returncode, 3, "k is too small")
        report = json.loads(done.stdout)
        self.assertEqual((report["k"], report["unique"], report["groups"]), (1, 1, 2))
        self.assertEqual(harness.run("deid", "risk", table, "--quasi", "zip3", "-k", "2").returncode, 0)
        self.assertIn(":1: no such column", harness.run("deid", "risk", table, "--quasi", "nothing", check=False).stderr)
        table.write_text("year,zip3\n1950\n")
        self.assertIn(":2:", harness.run("deid", "risk", table, "--quasi", "year", check=False).stderr)


if __name__ == "__main__":
    unittest.main()
