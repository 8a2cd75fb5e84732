"""A workspace with a deployed tiny model, and a server over it."""
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

import harness

CACHE = pathlib.Path(os.environ.get("RESIDENCY_CACHE") or pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "residency")


class Deployed(harness.Scratch):
    """Runs the recipe once; the deployment is called "tiny"."""

    def __init__(self):
        super().__init__(patients=6, steps=4)
        harness.run("run", self.recipe, "-w", self.workspace)

    def deploy(self, *words):
        return harness.run("deploy", *words, "-w", self.workspace)

    def versions(self):
        listed = json.loads(self.deploy("list", "--json").stdout)
        return {entry["name"]: entry for entry in listed}

    def deploy_base(self):
        """A second version: the base without an adapter, let through by a person."""
        base = self.versions()["tiny"]["versions"][0]["base"]["artifact"]
        self.deploy("create", "tiny", "--base", base, "--override-by", "tests", "--override-reason", "a second version for tests")


class Server:
    def __init__(self, workspace, *flags, config=None, log=None, env=None):
        words = [os.environ["RESIDENCY"], "serve", "-p", "0", "-w", str(workspace), *flags]
        if config is not None:
            path = pathlib.Path(workspace).parent / "serve.yaml"
            path.write_text(config)
            words += ["-c", str(path)]
        self.log_path = pathlib.Path(log or pathlib.Path(workspace).parent / "serve.log")
        self.log = open(self.log_path, "a")
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=self.log, text=True, env={**os.environ, **(env or {})})
        line = self.process.stdout.readline()
        found = re.search(r"http://[^:]+:(\d+)", line)
        if not found:
            raise AssertionError("the server did not start: " + self.log_path.read_text()[-2000:])
        self.port = int(found.group(1))
        self.url = f"http://127.0.0.1:{self.port}"

    def post(self, path, body, timeout=60, headers=None):
        """Status and JSON."""
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), {"content-type": "application/json", **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=20) as answer:
            return answer.read().decode()

    def chat(self, text, model="tiny", **more):
        return self.post("/v1/chat/completions", {"model": model, "messages": [{"role": "user", "content": text}], **more})

    def children(self):
        """The processes of endpoints."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) == self.process.pid:
                    found.append(int(entry.name))
            except (OSError, IndexError):
                pass
        return found

    def wait(self, condition, seconds=60):
        end = time.time() + seconds
        while not condition():
            if time.time() > end:
                raise AssertionError("not in time; log: " + self.log_path.read_text()[-2000:])
            time.sleep(0.05)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
        self.log.close()
        return self.process.returncode
