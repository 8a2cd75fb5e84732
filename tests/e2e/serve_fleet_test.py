"""Endpoints as records: versions, traffic, shadow, scale to zero, budgets, restarts; none of it loses a request."""
import json
import os
import signal
import threading
import time
import unittest

import harness
import serving


class FleetTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = serving.Deployed()
        cls.addClassCleanup(cls.scratch.close)

    def setUp(self):
        self.scratch.deploy("promote", "tiny", "1")
        self.server = serving.Server(self.scratch.workspace)
        self.addCleanup(self.server.stop)
        self.lines = []

    def version(self, **more):
        status, body = self.server.chat("Code: pneumonia", max_tokens=4, **more)
        self.assertEqual(status, 200, body)
        return body["residency"]["version"]

    def ask_all_the_time(self, threads=4):
        """Asks until told to stop; returns the list of statuses."""
        statuses, stop = [], threading.Event()

        def ask():
            while not stop.is_set():
                statuses.append(self.server.chat("Code: fever", max_tokens=8)[0])

        workers = [threading.Thread(target=ask) for _ in range(threads)]
        for worker in workers:
            worker.start()

        def end():
            stop.set()
            for worker in workers:
                worker.join()
            return statuses

        return end

    def ensure_second_version(self):
        if len(self.scratch.versions()["tiny"]["versions"]) < 2:
            self.scratch.deploy_base()

    def test_versions_change_under_load_without_losing_a_request(self):
        end = self.ask_all_the_time()
        self.ensure_second_version()
        self.scratch.deploy("promote", "tiny", "2")
        self.server.wait(lambda: self.version() == 2)
        self.scratch.deploy("rollback", "tiny")
        self.server.wait(lambda: self.version() == 1)
        self.scratch.deploy("split", "tiny", "1=50", "2=50")
        self.server.wait(lambda: len({self.version() for _ in range(16)}) == 2)
        self.assertEqual(self.version(model="tiny@2"), 2)
        self.scratch.deploy("promote", "tiny", "2")
        self.server.wait(lambda: {self.version() for _ in range(16)} == {2})
        self.scratch.deploy("rollback", "tiny")
        statuses = end()
        self.assertGreater(len(statuses), 20)
        self.assertEqual(set(statuses), {200})
        self.server.wait(lambda: len(self.server.children()) == 1, 60)

    def test_a_withdrawn_name_is_gone_and_comes_back(self):
        self.scratch.deploy("withdraw", "tiny")
        self.server.wait(lambda: self.server.chat("x")[0] == 404)
        self.server.wait(lambda: not self.server.children())
        self.scratch.deploy("promote", "tiny", "1")
        self.server.wait(lambda: self.server.chat("x", max_tokens=2)[0] == 200)

    def test_a_process_that_dies_is_started_again(self):
        self.assertEqual(self.version(), 1)
        [child] = self.server.children()
        os.kill(child, signal.SIGKILL)
        self.assertEqual(self.version(), 1)
        self.server.wait(lambda: self.server.children() not in ([], [child]))
        self.assertIn("residency_endpoint_restarts_total", self.server.get("/metrics"))

    def test_an_endpoint_scales_to_zero_and_back(self):
        self.scratch.deploy("scale", "tiny", "--idle-s", "1")
        self.addCleanup(lambda: self.scratch.deploy("scale", "tiny", "--idle-s", "off"))
        self.server.wait(lambda: not self.server.children())
        self.assertEqual(json.loads(self.server.get("/readyz"))["status"], "ready")
        self.assertEqual(self.version(), 1)
        self.assertEqual(len(self.server.children()), 1)
        self.server.wait(lambda: not self.server.children())

    def test_a_shadow_is_asked_and_unheard(self):
        self.ensure_second_version()
        self.scratch.deploy("promote", "tiny", "1")
        self.scratch.deploy("shadow", "tiny", "2")
        self.addCleanup(lambda: self.scratch.deploy("shadow", "tiny", "off"))

        def shadowed():
            self.assertEqual(self.version(), 1)
            text = self.server.get("/metrics")
            line = next(l for l in text.splitlines() if l.startswith("residency_endpoint_requests_total{"))
            return float(line.split()[-1]) > self.count_of_answers()

        self.answers = 0
        self.server.wait(shadowed)

    def count_of_answers(self):
        self.answers += 1
        return self.answers

    def test_a_budget_refuses_and_usage_is_kept(self):
        self.scratch.deploy("limit", "tiny", "--requests-per-minute", "3")
        self.addCleanup(lambda: self.scratch.deploy("limit", "tiny", "--requests-per-minute", "0"))
        time.sleep(1.5)
        statuses = [self.server.chat("x", max_tokens=2)[0] for _ in range(8)]
        self.assertIn(429, statuses)
        self.assertEqual(statuses[0], 200)
        self.server.stop()
        used = json.loads(self.scratch.deploy("usage", "tiny", "--json").stdout)
        self.assertTrue(any(line["caller"] == "local" and line["completion_tokens"] > 0 for line in used), used)

    def test_an_exchanged_base_is_not_served(self):
        self.server.stop()
        base = self.scratch.versions()["tiny"]["versions"][0]["base"]["path"]
        with open(base, "r+b") as file:
            file.seek(-1, os.SEEK_END)
            last = file.read(1)
            file.seek(-1, os.SEEK_END)
            file.write(bytes([last[0] ^ 1]))
        try:
            server = serving.Server(self.scratch.workspace)
            self.addCleanup(server.stop)
            self.assertEqual(server.chat("x")[0], 429)
        finally:
            with open(base, "r+b") as file:
                file.seek(-1, os.SEEK_END)
                file.write(last)


if __name__ == "__main__":
    unittest.main()
