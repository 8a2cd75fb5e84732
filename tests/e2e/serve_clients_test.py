"""The official clients, unmodified: openai from PyPI and npm, boto3, @aws-sdk/client-bedrock-runtime (HTTP/2)."""
import json
import os
import pathlib
import subprocess
import unittest

import harness
import serving

OPENAI = serving.CACHE / "openai-clients"
AWS = serving.CACHE / "aws-clients"

OPENAI_PYTHON = """
import json, openai
client = openai.OpenAI(max_retries=0)
chat = client.chat.completions.create(model="tiny", messages=[{"role": "user", "content": "Code: pneumonia"}], max_tokens=12, logprobs=True, top_logprobs=2)
stream = client.chat.completions.create(model="tiny", messages=[{"role": "user", "content": "Code: pneumonia"}], max_tokens=12, stream=True, stream_options={"include_usage": True})
chunks = list(stream)
shaped = client.chat.completions.create(model="tiny", messages=[{"role": "user", "content": "Code: pneumonia"}], max_tokens=120,
    response_format={"type": "json_schema", "json_schema": {"name": "code", "schema": {"type": "object", "properties": {"code": {"type": "string", "maxLength": 4}}, "required": ["code"]}}})
plain = client.completions.create(model="tiny", prompt="Once", max_tokens=5, logprobs=2)
vectors = client.embeddings.create(model="tiny", input=["fever", "cough"])
try:
    client.chat.completions.create(model="nobody", messages=[{"role": "user", "content": "x"}])
    missing = "answered"
except openai.NotFoundError as error:
    missing = error.param
try:
    client.chat.completions.create(model="tiny", messages=[{"role": "user", "content": "x " * 4000}])
    long = "answered"
except openai.BadRequestError as error:
    long = str(error)
print(json.dumps({
    "models": [m.id for m in client.models.list()],
    "text": chat.choices[0].message.content, "finish": chat.choices[0].finish_reason, "tokens": chat.usage.completion_tokens,
    "logprobs": len(chat.choices[0].logprobs.content),
    "streamed": "".join(c.choices[0].delta.content or "" for c in chunks if c.choices), "stream_tokens": chunks[-1].usage.completion_tokens,
    "shaped": shaped.choices[0].message.content, "plain": plain.choices[0].text, "plain_tokens": plain.usage.completion_tokens,
    "widths": [len(d.embedding) for d in vectors.data], "missing": missing, "long": long}))
"""
OPENAI_JS = """
import OpenAI from "openai";
const client = new OpenAI({ maxRetries: 0 });
const messages = [{ role: "user", content: "Code: pneumonia" }];
const chat = await client.chat.completions.create({ model: "tiny", messages, max_tokens: 12 });
let streamed = "";
for await (const chunk of await client.chat.completions.create({ model: "tiny", messages, max_tokens: 12, stream: true }))
  streamed += chunk.choices[0]?.delta?.content ?? "";
const vectors = await client.embeddings.create({ model: "tiny", input: "fever" });
let status = 0;
try { await client.chat.completions.create({ model: "nobody", messages }); } catch (error) { status = error.status; }
console.log(JSON.stringify({ text: chat.choices[0].message.content, streamed, width: vectors.data[0].embedding.length, status }));
"""
BOTO = """
import json, boto3
from botocore.config import Config
client = boto3.client("bedrock-runtime", config=Config(retries={"max_attempts": 1}))
messages = [{"role": "user", "content": [{"text": "Code: pneumonia"}]}]
answer = client.converse(modelId="tiny", messages=messages, inferenceConfig={"maxTokens": 12})
events = list(client.converse_stream(modelId="tiny", messages=messages, inferenceConfig={"maxTokens": 12})["stream"])
invoked = json.loads(client.invoke_model(modelId="tiny", body=json.dumps({"prompt": "Once", "max_gen_len": 5}))["body"].read())
chunks = [json.loads(e["chunk"]["bytes"]) for e in client.invoke_model_with_response_stream(modelId="tiny", body=json.dumps({"prompt": "Once", "max_gen_len": 5}))["body"]]
counted = client.count_tokens(modelId="tiny", input={"converse": {"messages": messages}})
guarded = client.apply_guardrail(guardrailIdentifier="phi", guardrailVersion="1", source="OUTPUT", content=[{"text": {"text": "Call me at 415-555-0132 about it."}}])
try:
    client.converse(modelId="nobody", messages=messages)
    missing = "answered"
except client.exceptions.ResourceNotFoundException:
    missing = "ResourceNotFoundException"
try:
    client.converse(modelId="tiny", messages=[{"role": "user", "content": [{"text": "x " * 4000}]}])
    long = "answered"
except client.exceptions.ValidationException:
    long = "ValidationException"
print(json.dumps({
    "text": answer["output"]["message"]["content"][0]["text"], "stop": answer["stopReason"], "input": answer["usage"]["inputTokens"],
    "streamed": "".join(e["contentBlockDelta"]["delta"]["text"] for e in events if "contentBlockDelta" in e), "last": list(events[-1])[0],
    "invoked": invoked["generation"], "chunks": "".join(c["generation"] for c in chunks), "counted": counted["inputTokens"],
    "action": guarded["action"], "masked": guarded["outputs"][0]["text"], "missing": missing, "long": long}))
"""
AWS_JS = """
import { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand, InvokeModelCommand, InvokeModelWithResponseStreamCommand, CountTokensCommand, ApplyGuardrailCommand } from "@aws-sdk/client-bedrock-runtime";
const client = new BedrockRuntimeClient({ maxAttempts: 1 });
const messages = [{ role: "user", content: [{ text: "Code: pneumonia" }] }];
const inferenceConfig = { maxTokens: 12 };
const answer = await client.send(new ConverseCommand({ modelId: "tiny", messages, inferenceConfig }));
let streamed = "", last = "";
for await (const event of (await client.send(new ConverseStreamCommand({ modelId: "tiny", messages, inferenceConfig }))).stream) {
  streamed += event.contentBlockDelta?.delta?.text ?? "";
  last = Object.keys(event)[0];
}
const body = JSON.stringify({ prompt: "Once", max_gen_len: 5 });
const invoked = JSON.parse(new TextDecoder().decode((await client.send(new InvokeModelCommand({ modelId: "tiny", body, contentType: "application/json" }))).body));
let chunks = "";
for await (const event of (await client.send(new InvokeModelWithResponseStreamCommand({ modelId: "tiny", body, contentType: "application/json" }))).body)
  chunks += JSON.parse(new TextDecoder().decode(event.chunk.bytes)).generation;
const counted = await client.send(new CountTokensCommand({ modelId: "tiny", input: { converse: { messages } } }));
const guarded = await client.send(new ApplyGuardrailCommand({ guardrailIdentifier: "phi", guardrailVersion: "1", source: "OUTPUT", content: [{ text: { text: "Call me at 415-555-0132 about it." } }] }));
let missing = "answered", long = "answered";
try { await client.send(new ConverseCommand({ modelId: "nobody", messages })); } catch (error) { missing = error.name; }
try { await client.send(new ConverseStreamCommand({ modelId: "tiny", messages: [{ role: "user", content: [{ text: "x ".repeat(4000) }] }] })); } catch (error) { long = error.name; }
const many = await Promise.all(Array.from({ length: 12 }, () => client.send(new ConverseCommand({ modelId: "tiny", messages, inferenceConfig }))));
console.log(JSON.stringify({ text: answer.output.message.content[0].text, stop: answer.stopReason, input: answer.usage.inputTokens, streamed, last,
  invoked: invoked.generation, chunks, counted: counted.inputTokens, action: guarded.action, masked: guarded.outputs[0].text, missing, long,
  many: new Set(many.map((one) => one.output.message.content[0].text)).size }));
"""


class ClientsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = serving.Deployed()
        cls.addClassCleanup(cls.scratch.close)
        made = json.loads(harness.run("keys", "aws", "create", "tests", "--json", "-w", cls.scratch.workspace).stdout)
        cls.key, cls.secret = made["id"], made["secret"]
        cls.api_key = "tests-key-0123456789"
        (cls.scratch.root / "keys.txt").write_text(f"tests {cls.api_key}\n")
        cls.server = serving.Server(cls.scratch.workspace, "--api-keys", cls.scratch.root / "keys.txt")
        cls.addClassCleanup(cls.server.stop)

    def ask(self, command, env, cwd=None):
        done = subprocess.run(command, env={**os.environ, **env}, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=240)
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        return json.loads(done.stdout)

    def node(self, folder, script, env):
        path = folder / "residency-test.mjs"
        path.write_text(script)
        return self.ask(["node", path], env, folder)

    def openai_env(self):
        return {"OPENAI_BASE_URL": self.server.url + "/v1", "OPENAI_API_KEY": self.api_key}

    def aws_env(self, **more):
        return {"AWS_ENDPOINT_URL": self.server.url, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": self.key,
                "AWS_SECRET_ACCESS_KEY": self.secret, "AWS_EC2_METADATA_DISABLED": "true", **more}

    @unittest.skipUnless((OPENAI / ".complete").exists(), "the OpenAI clients are not installed: scripts/setup test")
    def test_openai_clients(self):
        python = self.ask([OPENAI / "venv/bin/python", "-c", OPENAI_PYTHON], self.openai_env())
        self.assertEqual(python["models"], ["tiny"])
        self.assertEqual(python["streamed"], python["text"])
        self.assertEqual(python["stream_tokens"], python["tokens"])
        self.assertEqual(python["logprobs"], python["tokens"])
        self.assertEqual(list(json.loads(python["shaped"])), ["code"])
        self.assertEqual(python["plain_tokens"], 5)
        self.assertEqual(python["widths"], [64, 64])
        self.assertEqual(python["missing"], "model")
        self.assertIn("does not fit", python["long"])
        js = self.node(OPENAI, OPENAI_JS, self.openai_env())
        self.assertEqual(js, {"text": python["text"], "streamed": python["text"], "width": 64, "status": 404})

    @unittest.skipUnless((AWS / ".complete").exists(), "the AWS clients are not installed: scripts/setup test")
    def test_aws_clients(self):
        boto = self.ask([AWS / "venv/bin/python", "-c", BOTO], self.aws_env())
        js = self.node(AWS, AWS_JS, self.aws_env())
        self.assertEqual(js.pop("many"), 1)
        self.assertEqual(js, boto)
        self.assertEqual(boto["streamed"], boto["text"])
        self.assertEqual(boto["chunks"], boto["invoked"])
        self.assertEqual(boto["counted"], boto["input"])
        self.assertEqual(boto["last"], "metadata")
        self.assertEqual(boto["action"], "GUARDRAIL_INTERVENED")
        self.assertNotIn("415-555", boto["masked"])
        self.assertEqual(boto["missing"], "ResourceNotFoundException")
        self.assertEqual(boto["long"], "ValidationException")
        bearer = {**self.aws_env(), "AWS_BEARER_TOKEN_BEDROCK": self.api_key}
        self.assertEqual(self.ask([AWS / "venv/bin/python", "-c", BOTO], bearer)["text"], boto["text"])

    @unittest.skipUnless((AWS / ".complete").exists(), "the AWS clients are not installed: scripts/setup test")
    def test_a_wrong_secret_is_refused(self):
        script = BOTO.split("answer =")[0] + """
try:
    client.converse(modelId="tiny", messages=messages)
    print(json.dumps("answered"))
except client.exceptions.ClientError as error:
    print(json.dumps(error.response["Error"]["Code"]))
"""
        self.assertEqual(self.ask([AWS / "venv/bin/python", "-c", script], self.aws_env(AWS_SECRET_ACCESS_KEY="wrong" * 8)), "InvalidSignatureException")
        self.assertEqual(self.ask([AWS / "venv/bin/python", "-c", script], self.aws_env(AWS_ACCESS_KEY_ID="RSDNOBODY")), "UnrecognizedClientException")


if __name__ == "__main__":
    unittest.main()
