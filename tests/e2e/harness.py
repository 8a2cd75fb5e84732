"""Drives the residency binary for the end-to-end tests."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

RESIDENCY = os.environ["RESIDENCY"]
MAKE_TINY_MODEL = os.environ["MAKE_TINY_MODEL"]
SHARED_DATA = pathlib.Path(os.environ.get("RESIDENCY_SHARED_DATA", "/nonexistent"))

RECIPE = """\
name: tiny
synth: {{patients: {patients}, seed: 5}}
ingest:
  sources: [{{path: "synth:fhir/ndjson", format: fhir_ndjson}}]
deid: {{policy: {{preset: expert-determination}}}}
dataset:
  task: icd10_coding
  note_types: [ed_triage_note, progress_note]
  split: {{train: 0.6, validation: 0.2, test: 0.2, seed: 3}}
base: {{path: "{model}"}}
train:
  lora: {{rank: 4, alpha: 8}}
  steps_max: {steps}
  epochs: 8
  sequence_tokens_max: 2048
  batch_tokens: 2048
  checkpoint_every_steps: 2
  eval_every_steps: 4
eval: {{task: code_f1, tokens_max: 8, items_max: 4}}
gate:
  thresholds: [{{metric: micro_f1, min_absolute: 0.0}}]
deploy: {{name: tiny}}
"""


def run(*words, check=True, cwd=None, env=None, timeout=600):
    done = subprocess.run([RESIDENCY, *map(str, words)], capture_output=True, text=True, cwd=cwd,
                          timeout=timeout, env={**os.environ, **(env or {})})
    if check and done.returncode != 0:
        raise AssertionError(f"residency {' '.join(map(str, words))} -> {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


class Scratch:
    """A folder with a tiny model, a recipe and an initialised workspace."""

    def __init__(self, patients=10, steps=12):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="residency-e2e-"))
        subprocess.run([MAKE_TINY_MODEL, "7", self.root / "tiny.gguf"], check=True)
        self.recipe = self.root / "recipe.yaml"
        self.recipe.write_text(RECIPE.format(patients=patients, steps=steps, model=self.root / "tiny.gguf"))
        self.workspace = self.root / "workspace"
        run("init", self.workspace)

    def copy_workspace(self, name):
        target = self.root / name
        shutil.copytree(self.workspace, target)
        return target

    def close(self):
        shutil.rmtree(self.root, ignore_errors=True)


def artifacts(workspace):
    """The ids of all artifacts, sorted."""
    listed = json.loads(run("artifacts", "-w", workspace, "--json").stdout)
    return sorted(item["id"] for item in listed)


def start(*words, env=None):
    return subprocess.Popen([RESIDENCY, *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                            env={**os.environ, **(env or {})})


def kill9(process):
    process.send_signal(signal.SIGKILL)
    process.wait()
