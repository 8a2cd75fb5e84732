"""residency deid folder: every kind of file in, clean files out, whole or not at all."""
import json
import pathlib
import shutil
import tempfile
import time
import unittest

import harness

SECRETS = ["Zyxquillon", "Brunhilda", "4417290551", "5035370751", "537-0751", "Quagmire Lane", "1971-03-14", "19710314"]
HL7 = ("MSH|^~\\&|LAB|MERCY|EHR|M|20240308093000||ORU^R01|MSG1|P|2.5.1\r"
       "PID|1||4417290551^^^M^MR||Zyxquillon^Brunhilda||19710314|F|||9 Quagmire Lane^^Moberly^MO^65270||(503)537-0751\r"
       "OBR|1||F1|11506-3^Progress note^LN\r"
       "OBX|1|FT|N^Note||Ms. Zyxquillon came back.\\.br\\Potassium 4.1, metformin 500 mg.\r"
       "OBX|2|NM|2823-3^Potassium^LN||4.1|mmol/L|3.5-5.1|N|||F\r"
       "ZZZ|Zyxquillon\r")
CDA = ('<ClinicalDocument xmlns="urn:hl7-org:v3"><code code="34133-9" codeSystem="2.16.840.1.113883.6.1"/>'
       '<recordTarget><patientRole><id root="1.2.3" extension="4417290551"/><telecom value="tel:5035370751"/></patientRole></recordTarget>'
       '<component><structuredBody><component><section><title>Plan</title><text><paragraph>Brunhilda to take metformin.</paragraph></text>'
       '</section></component></structuredBody></component></ClinicalDocument>')
PATIENT = {"resourceType": "Patient", "id": "p1", "birthDate": "1971-03-14",
           "name": [{"family": "Zyxquillon", "given": ["Brunhilda"]}],
           "identifier": [{"type": {"coding": [{"code": "MR"}]}, "value": "4417290551"}]}


class FolderTest(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="residency-folder-"))
        self.addCleanup(shutil.rmtree, self.root, True)
        self.source = self.root / "in"
        self.source.mkdir()

    def fill(self):
        (self.source / "a.hl7").write_text(HL7, newline="")
        (self.source / "b.xml").write_text(CDA)
        (self.source / "c.json").write_text(json.dumps(PATIENT))
        (self.source / "d.csv").write_text("patient_id,text\n4417290551,Brunhilda slept well\n")
        (self.source / "e.csv").write_text("patient_id,last_name,dose\n4417290551,Zyxquillon,5 mg\n")

    def clean(self, *words, check=True):
        return harness.run("deid", "folder", "--in", self.source, "--out", self.root / "out", *words, check=check)

    def output(self):
        return {path.name: path.read_bytes().decode() for path in (self.root / "out").rglob("*") if path.is_file()}

    def test_one_patient_over_all_kinds_of_files(self):
        self.fill()
        done = self.clean("--policy", "expert-determination")
        files = self.output()
        for text in [done.stdout, done.stderr, *files.values(), *files]:
            for secret in SECRETS:
                self.assertNotIn(secret, text)
        notes = [json.loads(line) for line in files["notes.jsonl"].splitlines()]
        self.assertEqual(len(notes), 3)
        self.assertEqual(len({note["patient"] for note in notes}), 1)
        self.assertIn("metformin 500 mg", " ".join(note["text"] for note in notes))
        patient = json.loads(files["resources.ndjson"])
        family = patient["name"][0]["family"]
        self.assertIn(f"||{family}^", files["messages.hl7"])
        self.assertIn("|4.1|mmol/L|3.5-5.1|", files["messages.hl7"])
        self.assertIn(family, files["rows.jsonl"])
        self.assertIn(patient["identifier"][0]["value"], files["messages.hl7"])
        self.assertEqual(len([name for name in files if name.startswith("r-")]), 1)
        self.assertEqual(json.loads(files["certificate.json"])["method"], "expert_determination")

    def test_bad_files_are_named_and_counted_without_their_text(self):
        self.fill()
        (self.source / "Zyxquillon.xml").write_text("<ClinicalDocument>Brunhilda")
        (self.source / "f.hl7").write_text("PID|1||4417290551\r", newline="")
        done = self.clean("--json", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(json.loads(done.stdout)["read"]["quarantined"], 2)
        files = self.output()
        reasons = sorted(json.loads(line)["reason"] for line in files["unread.jsonl"].splitlines())
        self.assertEqual(reasons, ["bad_hl7", "bad_xml"])
        for secret in SECRETS:
            self.assertNotIn(secret, files["unread.jsonl"] + done.stdout + done.stderr)

    def test_the_output_is_refused_inside_the_source_or_where_something_is(self):
        self.fill()
        inside = harness.run("deid", "folder", "--in", self.source, "--out", self.source / "out", check=False)
        self.assertEqual(inside.returncode, 2)
        (self.root / "out").mkdir()
        self.assertNotEqual(self.clean(check=False).returncode, 0)

    def test_a_killed_run_leaves_no_folder_and_the_next_one_is_whole(self):
        with open(self.source / "notes.csv", "w") as notes:
            notes.write("patient_id,text\n")
            for i in range(60000):
                notes.write(f"p{i % 500},Ms. Zyxquillon number {i} came on 3/4/2024 with cough and went home.\n")
        process = harness.start("deid", "folder", "--in", self.source, "--out", self.root / "out")
        unfinished = self.root / "out.unfinished" / "notes.jsonl"
        for _ in range(1200):
            if unfinished.exists() and unfinished.stat().st_size > 0 or process.poll() is not None:
                break
            time.sleep(0.01)
        harness.kill9(process)
        process.wait()
        self.assertFalse((self.root / "out").exists())
        self.clean()
        self.assertEqual(len(self.output()["notes.jsonl"].splitlines()), 60000)
        self.assertFalse((self.root / "out.unfinished").exists())


if __name__ == "__main__":
    unittest.main()
