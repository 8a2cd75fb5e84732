"""Real public data goes through ingest and deid with every record accounted for."""
import json
import unittest

import harness

SYNTHEA = harness.SHARED_DATA / "fhir/synthea_r4_documents/FHIR/samples/fhir-r4-files"
MTSAMPLES = harness.SHARED_DATA / "mtsamples/mtsamples_80.jsonl.gz"


class PublicDataTest(unittest.TestCase):
    def setUp(self):
        self.scratch = harness.Scratch()
        self.addCleanup(self.scratch.close)

    def stage(self, *words):
        done = harness.run(*words, "-w", self.scratch.workspace, "--json")
        made = json.loads(done.stdout)["artifacts"]
        return {item["kind"]: item for item in made}

    def ingest_and_clean(self, source, source_format):
        made = self.stage("ingest", "run", "--source", source, "--format", source_format)
        raw = made["corpus.raw"]["counts"]
        self.assertEqual(raw["seen"], raw["records"] + raw["quarantined"] + raw["skipped"])
        listed = json.loads(harness.run("ingest", "quarantine", made["quarantine"]["id"], "-w", self.scratch.workspace, "--json").stdout) if "quarantine" in made else []
        self.assertEqual(len(listed), raw["quarantined"])
        clean = self.stage("deid", "run", "--input", made["corpus.raw"]["id"], "--policy", "safe-harbor")["corpus.clean"]
        counts = clean["counts"]
        self.assertEqual(counts["records"], raw["records"])
        self.assertEqual(counts["records"], counts["clean"] + counts["quarantined"])
        self.assertLessEqual(counts["quarantined"], counts["records"] // 50)
        self.assertEqual(clean["properties"]["certificate"]["method"], "safe_harbor")
        return raw, counts

    @unittest.skipUnless(SYNTHEA.exists(), "the public data is not here")
    def test_synthea_bundles_with_documents(self):
        raw, _ = self.ingest_and_clean(SYNTHEA, "fhir_bundle")
        self.assertGreater(raw["notes"], 100)
        self.assertGreaterEqual(raw["patients"], 11)

    @unittest.skipUnless(MTSAMPLES.exists(), "the public data is not here")
    def test_mtsamples(self):
        raw, _ = self.ingest_and_clean(MTSAMPLES, "jsonl")
        self.assertEqual(raw["notes"], 3970)


if __name__ == "__main__":
    unittest.main()
