"""The soak: many clients with random disconnects, oversized prompts and swaps of the endpoint, for a while."""
import json
import os
import pathlib
import random
import socket
import threading
import time

import serving


def rss_mb(pids):
    total = 0
    for pid in pids:
        try:
            text = pathlib.Path(f"/proc/{pid}/status").read_text()
            total += int(next(line for line in text.splitlines() if line.startswith("VmRSS")).split()[1])
        except (OSError, StopIteration):
            pass
    return total / 1024


class Client(threading.Thread):
    """Asks, leaves in the middle, asks too much. Each request asks for its own text back, token for token."""

    def __init__(self, server, index, end, expected):
        super().__init__()
        self.server, self.end, self.expected = server, end, expected
        self.random = random.Random(index)
        self.counts = {"answered": 0, "refused": 0, "left": 0, "oversized": 0, "wrong": 0, "lost": 0, "late": 0}

    def run(self):
        while time.monotonic() < self.end:
            kind = self.random.random()
            began = time.monotonic()
            if kind < 0.2:
                self.leave()
            elif kind < 0.3:
                self.oversized()
            else:
                self.ask()
            if time.monotonic() - began > 60:
                self.counts["late"] += 1

    def ask(self):
        text = self.random.choice(list(self.expected))
        try:
            status, body = self.server.chat(text, max_tokens=12)
        except OSError:
            self.counts["lost"] += 1
            return
        if status == 200:
            same = body["choices"][0]["message"]["content"] == self.expected[text][body["residency"]["version"]]
            self.counts["answered" if same else "wrong"] += 1
        elif status == 429:
            self.counts["refused"] += 1
            time.sleep(0.05)
        else:
            self.counts["lost"] += 1

    def oversized(self):
        try:
            status, _ = self.server.chat("too long " * self.random.randint(2000, 20000))
        except OSError:
            status = 0
        self.counts["oversized" if status in (400, 429) else "lost"] += 1

    def leave(self):
        body = json.dumps({"model": "tiny", "messages": [{"role": "user", "content": "Code: fever"}], "max_tokens": 200, "stream": True}).encode()
        head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: " + str(len(body)).encode() + b"\r\n\r\n"
        sent = (head + body)[: self.random.choice([20, len(head) + 5, len(head) + len(body)])]
        try:
            with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as connection:
                connection.sendall(sent)
                if self.random.random() < 0.5:
                    connection.settimeout(0.2)
                    try:
                        connection.recv(256)
                    except OSError:
                        pass
        except OSError:
            self.counts["lost"] += 1
            return
        self.counts["left"] += 1


def run(clients, seconds, swaps_every_s=10):
    scratch = serving.Deployed()
    try:
        scratch.deploy_base()
        server = serving.Server(scratch.workspace, config="connections_max: 512\nendpoint: {parallel: 16, queue_max: 64, exact: true, prefix_cache: false, threads: 2}\n")
        try:
            expected = {f"Code: complaint {i}": {} for i in range(12)}
            for version in (1, 2):
                scratch.deploy("promote", "tiny", version)
                server.wait(lambda: server.chat("x", max_tokens=1)[1]["residency"]["version"] == version)
                for text in expected:
                    expected[text][version] = server.chat(text, max_tokens=12)[1]["choices"][0]["message"]["content"]
            end = time.monotonic() + seconds
            workers = [Client(server, i, end, expected) for i in range(clients)]
            for worker in workers:
                worker.start()
            swaps, warm, version = 0, None, 2
            warm_at = time.monotonic() + seconds * 0.3
            while time.monotonic() < end:
                time.sleep(min(swaps_every_s, max(0.1, end - time.monotonic())))
                version = 3 - version
                scratch.deploy("promote", "tiny", version)
                swaps += 1
                if warm is None and time.monotonic() > warm_at:
                    warm = settled(server)
            for worker in workers:
                worker.join()
            result = {name: sum(worker.counts[name] for worker in workers) for name in workers[0].counts}
            result.update(swaps=swaps, rss_warm_mb=warm, rss_end_mb=settled(server), alive=server.process.poll() is None)
            return result
        finally:
            server.stop()
    finally:
        scratch.close()


def settled(server):
    """Memory of the server itself: endpoints' processes come and go with the swaps."""
    return rss_mb([server.process.pid])


def problems(result, growth_max):
    found = []
    if not result["alive"]:
        found.append("the server ended")
    for name in ("wrong", "lost", "late"):
        if result[name]:
            found.append(f"{result[name]} requests {name}")
    if not result["answered"]:
        found.append("nothing was answered")
    if result["rss_end_mb"] > result["rss_warm_mb"] * (1 + growth_max):
        found.append(f"memory grew from {result['rss_warm_mb']:.1f} to {result['rss_end_mb']:.1f} MB")
    return found
