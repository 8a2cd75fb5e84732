"""lm-evaluation-harness beside ours: the same weights, the same items, each harness task as the package has it.

The harness reads a Hugging Face folder, so the GGUF is unpacked once by Transformers' own GGUF
loader into one; both then hold the same numbers. Its tasks load from the hub; here their YAML and
their prompt functions are taken from the installed package and only the place of the data is
changed to local files.
"""
import json
import os
import pathlib
import subprocess
import sys

import side_by_side as bench

PACKAGES = ("lm_eval==0.4.13", "torch==2.15.0", "transformers==5.24.0", "gguf", "sentencepiece", "accelerate")
SHARED = pathlib.Path(os.environ.get("RESIDENCY_SHARED_DATA", bench.ROOT.parent / "shared/data"))
MODEL = bench.CACHE / "models/SmolLM2-135M-Instruct.Q4_1.gguf"
RESIDENCY = bench.ROOT / "build/release/bin/residency"

UNPACK = r"""
import sys, torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer
folder, name, out = sys.argv[1:]
AutoTokenizer.from_pretrained(folder, gguf_file=name).save_pretrained(out)
model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)
if hasattr(model.config, "quantization_config"):
    del model.config.quantization_config
model.config.save_pretrained(out)
tied = model.config.tie_word_embeddings
save_file({key: value.contiguous() for key, value in model.state_dict().items() if not (tied and key == "lm_head.weight")}, out + "/model.safetensors", {"format": "pt"})
"""

HARNESS = r"""
import json, os, sys, time
spec = json.loads(sys.argv[1])
os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"
import torch
torch.set_num_threads(spec["threads"])
import lm_eval
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
model = HFLM(pretrained=spec["model"], dtype=spec["dtype"], device="cpu", batch_size=spec["batch"])
manager = TaskManager(include_path=spec["tasks"], include_defaults=False)
answer = {}
for task, shots in spec["run"]:
    began = time.monotonic()
    result = lm_eval.simple_evaluate(model=model, tasks=[task], num_fewshot=shots, task_manager=manager, bootstrap_iters=0, log_samples=True, limit=spec["limit"] or None)
    seconds = time.monotonic() - began
    samples = result["samples"][task]
    scores = result["results"][task]
    answer[task] = {"seconds": seconds, "items": len(samples), "acc": scores["acc,none"], "acc_norm": scores.get("acc_norm,none"),
                    "prompts": [s["arguments"]["gen_args_0"]["arg_0"] if isinstance(s["arguments"], dict) else s["arguments"][0][0] for s in samples[:50]],
                    "logprobs": [[r[0][0] if isinstance(r[0], (list, tuple)) else r[0] for r in s["resps"]] for s in samples]}
print(json.dumps(answer))
"""


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines() if line]


def harness_rows():
    """Each set's items as the harness' own data set has them, in the file's order."""
    medqa = []
    for item in lines(SHARED / "medqa/dev_mediq.jsonl"):
        row = {"sent1": " ".join(item["context"]) + " " + item["question"], "label": ord(item["answer_idx"]) - ord("A")}
        medqa.append(row | {f"ending{i}": item["options"][letter] for i, letter in enumerate("ABCD")})
    medmcqa = [{key: item[key] for key in ("question", "opa", "opb", "opc", "opd")} | {"cop": item["cop"] - 1} for item in lines(SHARED / "medmcqa/dev.jsonl")]
    pubmedqa = [{"QUESTION": item["QUESTION"], "CONTEXTS": item["CONTEXTS"], "final_decision": item["final_decision"]}
                for item in json.loads((SHARED / "pubmedqa/ori_pqal.train_dev_500.json").read_text()).values()]
    train = [{"sent1": item["question"], "label": ord(item["answer_idx"]) - ord("A")} | {f"ending{i}": item["options"][letter] for i, letter in enumerate("ABCD")}
             for item in lines(SHARED / "medqa/train1000/train1000.jsonl")]
    return {"medqa": medqa, "medqa_train": train, "medmcqa": medmcqa, "pubmedqa": pubmedqa}


TASKS = {"medqa": ("medqa/medqa.yaml", "medqa/preprocess_medqa.py"), "medmcqa": ("medmcqa/medmcqa.yaml", "medmcqa/utils_medmcqa.py"),
         "pubmedqa": ("pubmedqa/pubmedqa.yaml", "pubmedqa/preprocess_pubmedqa.py")}
LAYOUT_FILES = {"medqa": "medqa/dev_mediq.jsonl", "medmcqa": "medmcqa/dev.jsonl", "pubmedqa": "pubmedqa/ori_pqal.train_dev_500.json"}
NAMES = {"medqa": "medqa_4options", "medmcqa": "medmcqa", "pubmedqa": "pubmedqa"}


class Harness:
    def __init__(self, folder):
        self.python = bench.venv("eval", *PACKAGES)
        self.folder = pathlib.Path(folder)
        self.tasks = self.folder / "tasks"
        self.tasks.mkdir(parents=True, exist_ok=True)
        package = next(pathlib.Path(self.python).parent.parent.glob("lib/python*/site-packages/lm_eval/tasks"))
        rows = harness_rows()
        for name in rows:
            (self.folder / f"{name}.json").write_text("".join(json.dumps(row) + "\n" for row in rows[name]))
        for name, files in TASKS.items():
            yaml = (package / files[0]).read_text()
            kept = [line for line in yaml.splitlines() if not line.startswith(("dataset_path", "dataset_name", "training_split", "validation_split", "test_split"))]
            data = {"test": str(self.folder / f"{name}.json")}
            head = ["dataset_path: json", "test_split: test"]
            if name == "medqa":
                data["train"] = str(self.folder / "medqa_train.json")
                head.append("training_split: train")
            head.append(f"dataset_kwargs: {json.dumps({'data_files': data})}")
            (self.tasks / f"{name}.yaml").write_text("\n".join(kept + head) + "\n")
            (self.tasks / pathlib.Path(files[1]).name).write_text((package / files[1]).read_text())

    def unpack(self, gguf):
        out = bench.CACHE / "eval-hf-folder"
        if not (out / "model.safetensors").exists():
            subprocess.run([self.python, "-c", UNPACK, gguf.parent, gguf.name, out], check=True, stdout=sys.stderr, stderr=subprocess.DEVNULL)
        return out

    def run(self, model, runs, dtype, batch, limit, threads=2):
        spec = {"model": str(model), "dtype": dtype, "batch": batch, "threads": threads, "tasks": str(self.tasks), "limit": limit, "run": [[NAMES[name], shots] for name, shots in runs]}
        done = subprocess.run([self.python, "-c", HARNESS, json.dumps(spec)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise SystemExit("bench: the harness failed\n" + done.stderr[-2000:])
        return json.loads(done.stdout.strip().splitlines()[-1])


class Ours:
    """One workspace with the model in one type."""

    def __init__(self, folder, kind):
        self.folder = pathlib.Path(folder)
        self.workspace = self.folder / f"ws-{kind}"
        self.kind = kind
        if not self.workspace.exists():
            self.call("init", self.workspace)

    def call(self, *words):
        done = subprocess.run([RESIDENCY, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise SystemExit(f"bench: residency {words[0]} failed\n{done.stdout}{done.stderr}")
        return done.stdout

    def run(self, name, limit, shots=0, order="random"):
        """Scores one set; gives seconds, items, accuracies and every item's log-probabilities, in the file's order."""
        source = SHARED / LAYOUT_FILES[name]
        if limit:
            source = self.folder / f"first{limit}-{source.name}"
            if name == "pubmedqa":
                items = json.loads((SHARED / LAYOUT_FILES[name]).read_text())
                source.write_text(json.dumps(dict(list(items.items())[:limit])))
            else:
                source.write_text("".join((SHARED / LAYOUT_FILES[name]).read_text().splitlines(keepends=True)[:limit]))
        files = {"test": [str(source)]}
        if shots:
            files["train"] = [str(SHARED / "medqa/train1000/train1000.jsonl")]
        recipe = {"name": "bench", "dataset": {"task": "corpus", "layout": name, "format": "completion", "files": files, "split": {"train": 1, "validation": 0, "test": 0},
                                               "waiver": {"person": "the bench", "reason": "published questions, no patients"}},
                  "base": {"path": str(MODEL), "type": self.kind},
                  "eval": {"task": "multiple_choice", "choices": ["yes", "no", "maybe"] if name == "pubmedqa" else list("ABCD"), "resamples": 100, "repeat_items": 0, "general_text": "none",
                           "shots": {"count": shots, "order": order}}}
        path = self.folder / f"{name}-{shots}-{limit}.yaml"
        path.write_text(json.dumps(recipe))
        answer = json.loads(self.call("run", path, "-w", self.workspace, "--json"))
        step = next(step for step in answer["steps"] if step["step"] == "eval-base")
        scores = json.loads(self.call("artifacts", "cat", step["artifacts"][0], "scores.json", "-w", self.workspace))
        predictions = [json.loads(line) for line in self.call("artifacts", "cat", step["artifacts"][0], "predictions.jsonl", "-w", self.workspace).splitlines()]
        dataset = next(step for step in answer["steps"] if step["step"] == "dataset")["artifacts"][0]
        prompts = [json.loads(line)["messages"][0]["content"] for line in self.call("artifacts", "cat", dataset, "test.jsonl", "-w", self.workspace).splitlines()[:50]]
        return {"seconds": step["seconds"], "reused": step["reused"], "items": scores["items"], "acc": scores["metrics"]["accuracy"]["value"],
                "acc_norm": scores["metrics"]["accuracy_norm"]["value"], "prompts": prompts, "logprobs": [item.get("logprobs", []) for item in predictions],
                "sha256": scores["prompts_sha256"]}
