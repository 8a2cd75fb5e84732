"""lora-llamacpp: LoRA steps against a llama.cpp trainer, where one is at hand.

Upstream llama.cpp has no LoRA trainer: its examples/training/finetune trains whole models, and stops
with an assertion on this shape. Forks have one. RESIDENCY_LLAMA_LORA_TRAINER names such a program;
it is called as PROGRAM MODEL.gguf TEXT.txt and must print "TOKENS_PER_SECOND=n". Without one the
bench prints why it does not run.
"""
import os
import re
import shutil
import subprocess

import clinical_texts
import json
import side_by_side as bench


def main():
    bench.build("residency_train_bench")
    shape = ["--batch", "2", "--length", "512", "--steps", "4", "--warmup", "1"]
    mine = bench.measure([bench.TRAIN_BENCH, bench.MODEL, *shape])["tokens_per_second"]
    named = os.environ.get("RESIDENCY_LLAMA_LORA_TRAINER", "")
    trainer = shutil.which(named) if named else shutil.which("llama-finetune-lora")
    if trainer is None:
        print("no llama.cpp LoRA trainer runs here: upstream's finetune example trains whole models only (and aborts on this shape), "
              "the library that scripts/setup builds has no trainer, and neither llama-finetune-lora nor RESIDENCY_LLAMA_LORA_TRAINER names a fork's")
        bench.finish("lora-llamacpp", mine, None, None, "tokens/s")
        return
    text = clinical_texts.write(200).with_suffix(".txt")
    text.write_text("\n\n".join(json.loads(line)["text"] for line in open(text.with_suffix(".jsonl"), encoding="utf-8")), encoding="utf-8")
    ran = subprocess.run([trainer, str(bench.MODEL), str(text)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    found = re.findall(r"TOKENS_PER_SECOND=([0-9.]+)", ran.stdout)
    if ran.returncode != 0 or not found:
        print(f"{trainer} ended with {ran.returncode}: {ran.stdout.strip().splitlines()[-1:]}")
        bench.finish("lora-llamacpp", mine, None, None, "tokens/s")
        return
    theirs = float(found[-1])
    bench.finish("lora-llamacpp", mine, theirs, mine / theirs, "tokens/s")


if __name__ == "__main__":
    main()
