"""DetectPHI through the official AWS clients, unmodified: boto3 and @aws-sdk/client-comprehendmedical."""
import concurrent.futures
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time
import unittest

import harness

CACHE = pathlib.Path(os.environ.get("RESIDENCY_CACHE") or pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "residency")
PYTHON = CACHE / "aws-clients/venv/bin/python"
NODE_MODULES = CACHE / "aws-clients/node_modules"
TEXT = "😀 Patient: Zoë Müller, MRN 448129, seen 03/14/2024 by Dr. Lena Hoang. Phone 415-555-0132."

BOTO = """
import json, sys, boto3
from botocore.config import Config
client = boto3.client("comprehendmedical", config=Config(retries={"max_attempts": 1}))
try:
    answer = client.detect_phi(Text=sys.argv[1])
    print(json.dumps({"entities": answer["Entities"], "model": answer["ModelVersion"]}))
except client.exceptions.ClientError as error:
    print(json.dumps({"error": error.response["Error"]["Code"], "status": error.response["ResponseMetadata"]["HTTPStatusCode"]}))
"""
JS = """
import { ComprehendMedicalClient, DetectPHICommand } from "@aws-sdk/client-comprehendmedical";
const client = new ComprehendMedicalClient({ maxAttempts: 1 });
try {
  const answer = await client.send(new DetectPHICommand({ Text: process.argv[2] }));
  console.log(JSON.stringify({ entities: answer.Entities, model: answer.ModelVersion }));
} catch (error) {
  console.log(JSON.stringify({ error: error.name, status: error.$metadata?.httpStatusCode }));
}
"""


@unittest.skipUnless(PYTHON.exists() and NODE_MODULES.exists(), "the AWS clients are not installed: scripts/setup test")
class DetectPhiTest(unittest.TestCase):
    def setUp(self):
        self.scratch = harness.Scratch()
        self.addCleanup(self.scratch.close)
        self.root = pathlib.Path(self.scratch.root)
        made = json.loads(harness.run("keys", "aws", "create", "tests", "--json", "-w", self.scratch.workspace).stdout)
        self.key, self.secret = made["id"], made["secret"]
        self.log = open(self.root / "serve.log", "w+")
        self.server = subprocess.Popen([os.environ["RESIDENCY"], "serve", "-p", "0", "-w", str(self.scratch.workspace)],
                                       stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.addCleanup(self.stop)
        line = self.server.stdout.readline()
        self.port = int(re.search(r":(\d+)", line.split("//")[1]).group(1))
        (self.root / "client.mjs").write_text(JS)
        (self.root / "node_modules").symlink_to(NODE_MODULES)

    def stop(self):
        if self.server.poll() is None:
            self.server.send_signal(signal.SIGTERM)
            self.server.wait(60)
        self.server.stdout.close()
        self.log.close()

    def ask(self, command, text, **more):
        env = {**os.environ, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}", "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
               "AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret, "AWS_EC2_METADATA_DISABLED": "true", **more}
        done = subprocess.run([*command, text], env=env, cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        return json.loads(done.stdout)

    def clients(self):
        return {"boto3": [PYTHON, "-c", BOTO], "JavaScript": ["node", "client.mjs"]}

    def test_both_clients_get_the_same_entities(self):
        answers = {name: self.ask(command, TEXT) for name, command in self.clients().items()}
        for name, answer in answers.items():
            with self.subTest(client=name):
                found = {e["Text"]: e for e in answer["entities"]}
                self.assertEqual(found["Zoë Müller"]["Type"], "NAME")
                self.assertEqual(found["448129"]["Type"], "ID")
                self.assertEqual(found["03/14/2024"]["Type"], "DATE")
                self.assertEqual(found["Lena Hoang"]["Type"], "NAME")
                self.assertEqual(found["415-555-0132"]["Type"], "PHONE_OR_FAX")
                for entity in answer["entities"]:
                    self.assertEqual(TEXT[entity["BeginOffset"]:entity["EndOffset"]], entity["Text"], "offsets count code points")
                    self.assertEqual(entity["Category"], "PROTECTED_HEALTH_INFORMATION")
                    self.assertTrue(0 <= entity["Score"] <= 1)
        self.assertEqual(answers["boto3"]["entities"], answers["JavaScript"]["entities"])

    def test_refusals_reach_the_client_by_name(self):
        for name, command in self.clients().items():
            with self.subTest(client=name):
                wrong = self.ask(command, "x", AWS_SECRET_ACCESS_KEY="0" * 40)
                self.assertEqual((wrong["error"], wrong["status"]), ("InvalidSignatureException", 403))
                unknown = self.ask(command, "x", AWS_ACCESS_KEY_ID="RSDNOBODY")
                self.assertEqual(unknown["error"], "UnrecognizedClientException")
                self.assertEqual(self.ask(command, "a" * 20_001)["error"], "TextSizeLimitExceededException")

    def test_many_clients_at_once_and_one_that_dies(self):
        with socket.create_connection(("127.0.0.1", self.port)) as dying:
            dying.sendall(b"POST / HTTP/1.1\r\nhost: localhost\r\nx-amz-target: ComprehendMedical_20181030.DetectPHI\r\ncontent-length: 500\r\n\r\n{\"Te")
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: self.ask(self.clients()["boto3"], TEXT), range(16)))
        self.assertEqual(len({json.dumps(answer) for answer in answers}), 1)

    def test_no_text_reaches_the_log_or_the_workspace(self):
        canary = "Zyxquillon"
        self.ask(self.clients()["boto3"], f"Patient: Ruth {canary}, MRN 88417733, seen 2021-03-14.")
        time.sleep(0.2)
        self.stop()
        said = (self.root / "serve.log").read_text()
        self.assertNotIn(canary, said)
        for path in pathlib.Path(self.scratch.workspace).rglob("*"):
            if path.is_file():
                self.assertNotIn(canary.encode(), path.read_bytes(), path)
                self.assertNotIn(self.secret.encode(), path.read_bytes(), "the secret is kept encrypted")


if __name__ == "__main__":
    unittest.main()
