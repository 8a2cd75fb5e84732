"""What the serve-* benches share: our server and llama.cpp's own on the same GGUF file, the same requests, in turn.

Guardrails are off (guard-overhead measures them). Each client sends one request after the other; all prompts
differ, answers are greedy. Both servers compute with all cores and have one slot for each client.
"""
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import side_by_side

LLAMA_SERVER = side_by_side.CACHE / "llama-server-3.22.1/llama-server"
SYMPTOMS = ["fever", "a dry cough", "chest pain on exertion", "a swollen ankle", "a rash", "headache", "dizziness", "back pain", "nausea", "fatigue"]
TOKENS_MAX = 64


def prompt(number):
    return f"Case {number}: a patient of {20 + number % 60} years comes with {SYMPTOMS[number % 10]} for {1 + number % 9} days. What should be asked next?"


class Process:
    """A server process that answers at `port`."""

    def __init__(self, command, port_pattern=None, port=0, log=None):
        self.log = open(log, "w")
        self.process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE if port_pattern else self.log, stderr=self.log, text=True)
        self.port = port
        if port_pattern:
            self.port = int(re.search(port_pattern, self.process.stdout.readline()).group(1))
        deadline = time.monotonic() + 180
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", "/v1/models")
                if connection.getresponse().status == 200:
                    return
            except OSError:
                pass
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise SystemExit(f"bench: the server did not start, see {log}")
            time.sleep(0.2)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()


class Setting:
    """A workspace that has SmolLM2 deployed as it is; both servers read its file."""

    def __init__(self):
        side_by_side.build("residency")
        subprocess.run([side_by_side.ROOT / "scripts/setup", "llama-server"], check=True, stdout=sys.stderr)
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="residency-serve-"))
        self.workspace = self.root / "workspace"
        self.residency("init", self.workspace)
        gguf = side_by_side.CACHE / "models/SmolLM2-135M-Instruct.Q4_1.gguf"
        # The quantised file as it is: what a user of llama.cpp would serve.
        added = json.loads(self.residency("models", "add", "--path", gguf, "--type", "as_is", "--json", "-w", self.workspace))
        self.residency("deploy", "create", "bench", "--base", added["id"], "--override-by", "bench", "--override-reason", "speed is measured", "-w", self.workspace)
        listed = json.loads(self.residency("deploy", "list", "--json", "-w", self.workspace))
        self.gguf = listed[0]["versions"][0]["base"]["path"]

    @staticmethod
    def residency(*words):
        done = subprocess.run([side_by_side.ROOT / "build/release/bin/residency", *map(str, words)], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"bench: residency {words[0]} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def ours(self, clients):
        config = self.root / "serve.yaml"
        config.write_text(f"connections_max: 256\nendpoint: {{parallel: {clients}, context_tokens: 1024, queue_max: 64}}\n")
        return Process([side_by_side.ROOT / "build/release/bin/residency", "serve", "-p", "0", "-w", self.workspace, "-c", config, "--phi-filter", "off"],
                       port_pattern=r":(\d+)\s*$", log=self.root / "ours.log")

    def peer(self, clients):
        port = 18_400 + clients
        threads = str(os.cpu_count())
        return Process([LLAMA_SERVER, "-m", self.gguf, "--port", port, "-np", clients, "-c", 1024 * clients, "-t", threads, "-tb", threads, "--no-webui"],
                       port=port, log=self.root / "peer.log")

    def close(self):
        shutil.rmtree(self.root, ignore_errors=True)


def ask(connection, number, stream):
    """Tokens, seconds to the first text, seconds in all."""
    body = {"model": "bench", "messages": [{"role": "user", "content": prompt(number)}], "max_tokens": TOKENS_MAX, "temperature": 0, "stream": stream}
    if stream:
        body["stream_options"] = {"include_usage": True}
    began = time.monotonic()
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"content-type": "application/json"})
    answer = connection.getresponse()
    if answer.status != 200:
        raise SystemExit(f"bench: status {answer.status}: {answer.read()[:300]}")
    if not stream:
        return json.loads(answer.read())["usage"]["completion_tokens"], None, time.monotonic() - began
    first, tokens = None, 0
    for line in answer:
        if not line.startswith(b"data: {"):
            continue
        event = json.loads(line[6:])
        if event.get("usage"):
            tokens = event["usage"]["completion_tokens"]
        if first is None and event["choices"] and event["choices"][0]["delta"].get("content"):
            first = time.monotonic() - began
    return tokens, first, time.monotonic() - began


def load(port, clients, requests, stream=False, first_number=0):
    """All clients at once: tokens a second, and the times to the first text."""
    totals, firsts, lock = [], [], threading.Lock()

    def client(index):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        for i in range(requests):
            tokens, first, _ = ask(connection, first_number + index * requests + i, stream)
            with lock:
                totals.append(tokens)
                if first is not None:
                    firsts.append(first)

    began = time.monotonic()
    workers = [threading.Thread(target=client, args=(i,)) for i in range(clients)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(totals) / (time.monotonic() - began), firsts


def throughput(name, clients, requests):
    rounds = 3
    if "--rounds" in sys.argv:
        rounds = int(sys.argv[sys.argv.index("--rounds") + 1])
    setting = Setting()
    ours, peer = [], []
    try:
        for turn in range(rounds):
            for start, results in ((setting.ours, ours), (setting.peer, peer)):
                server = start(clients)
                try:
                    load(server.port, clients, 1, first_number=900_000)
                    results.append(load(server.port, clients, requests, first_number=turn * 10_000)[0])
                finally:
                    server.stop()
            print(f"round {turn + 1}: ours {ours[-1]:.1f}, llama-server {peer[-1]:.1f} tokens/s", file=sys.stderr)
    finally:
        setting.close()
    mine, theirs = statistics.median(ours), statistics.median(peer)
    side_by_side.finish(name, mine, theirs, mine / theirs, "tokens/s")
