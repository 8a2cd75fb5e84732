"""Canaries planted in the inputs must be in no log, artifact database page, reply or plain file."""
import base64
import json
import os
import pathlib
import time
import unittest

import harness

# Names and ids that appear nowhere else, in every kind of place a record has.
CANARIES = ["Zyxquillon", "Vrothmarsh", "zq.vroth@quillonmail.example", "917-55-4421", "MRN-88417733", "Quillonshire"]


def bundle():
    name, family, mail, ssn, mrn, town = CANARIES
    note = (f"DISCHARGE SUMMARY\nPatient: {name} {family}\nMRN: {mrn}  SSN: {ssn}\n{name} lives in {town} and was seen "
            f"for pneumonia. Contact: {mail}. Mr. {family} was given azithromycin 500 mg daily.\n")
    entries = [
        {"resourceType": "Patient", "id": "canary-1", "name": [{"family": family, "given": [name]}],
         "identifier": [{"value": mrn, "type": {"coding": [{"code": "MR"}]}}, {"value": ssn, "system": "http://hl7.org/fhir/sid/us-ssn"}],
         "telecom": [{"system": "email", "value": mail}], "birthDate": "1961-03-14", "gender": "male",
         "address": [{"city": town, "line": [f"17 {family} Lane"]}]},
        {"resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "IMP"}, "subject": {"reference": "Patient/canary-1"}},
        {"resourceType": "Condition", "id": "c1", "subject": {"reference": "Patient/canary-1"}, "encounter": {"reference": "Encounter/e1"},
         "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "J18.9", "display": "Pneumonia, unspecified organism"}]}},
        {"resourceType": "DocumentReference", "id": "d1", "status": "current", "subject": {"reference": "Patient/canary-1"},
         "context": {"encounter": [{"reference": "Encounter/e1"}]},
         "content": [{"attachment": {"contentType": "text/plain", "data": base64.b64encode(note.encode()).decode()}}]},
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": entry} for entry in entries]}


def files_holding(root, needle):
    return [str(path) for path in pathlib.Path(root).rglob("*") if path.is_file() and needle.encode() in path.read_bytes()]


class CanaryTest(unittest.TestCase):
    def setUp(self):
        self.scratch = harness.Scratch()
        self.addCleanup(self.scratch.close)
        self.source = self.scratch.root / "incoming"
        self.source.mkdir()
        # The file is named after the patient, as some stores do.
        (self.source / f"{CANARIES[0]}_{CANARIES[1]}.json").write_text(json.dumps(bundle()))
        (self.source / f"{CANARIES[0]}_broken.json").write_text(json.dumps(bundle())[:700])

    def run_step(self, *words):
        done = harness.run(*words, "-w", self.scratch.workspace, "--json", env={"RESIDENCY_LOG": "debug"})
        self.output += done.stdout + done.stderr
        return json.loads(done.stdout)

    def test_no_canary_leaves_the_vault(self):
        self.output = ""
        made = self.run_step("ingest", "run", "--source", self.source, "--format", "fhir_bundle")
        raw = next(a["id"] for a in made["artifacts"] if a["kind"] == "corpus.raw")
        quarantine = next(a["id"] for a in made["artifacts"] if a["kind"] == "quarantine")
        self.run_step("ingest", "quarantine", quarantine)
        clean = self.run_step("deid", "run", "--input", raw, "--policy", "safe-harbor")
        corpus = next(a["id"] for a in clean["artifacts"] if a["kind"] == "corpus.clean")
        self.run_step("lineage", corpus)
        self.run_step("artifacts", corpus)
        shown = harness.run("artifacts", "cat", corpus, "records.jsonl", "-w", self.scratch.workspace)
        self.assertIn("pneumonia", shown.stdout)  # the clean text is there, so the search can find something
        self.output += shown.stdout
        bad = harness.run("ingest", "run", "--source", self.source / "missing", "-w", self.scratch.workspace, check=False)
        self.assertNotEqual(bad.returncode, 0)
        for canary in CANARIES:
            for needle in {canary, canary.upper(), canary.lower(), base64.b64encode(canary.encode()).decode().rstrip("=")[:-1]}:
                self.assertNotIn(needle, self.output, "a canary reached the output")
                self.assertEqual(files_holding(self.scratch.workspace, needle), [], "a canary stands in a plain file")

    def test_no_core_file_can_be_written(self):
        process = harness.start("run", self.scratch.recipe, "-w", self.scratch.workspace, "-q")
        limits = pathlib.Path(f"/proc/{process.pid}/limits")
        for _ in range(500):
            core = [line for line in limits.read_text().splitlines() if line.startswith("Max core file size")]
            if core and core[0].split()[4:6] == ["0", "0"]:
                break
            time.sleep(0.01)
        harness.kill9(process)
        self.assertEqual(core[0].split()[4:6], ["0", "0"])


if __name__ == "__main__":
    unittest.main()
