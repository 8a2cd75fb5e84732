"""lora-loss: the loss after 200 LoRA steps, ours against Hugging Face PEFT's on the same batches.

Both begin with the same weights and the same adapter (ours writes it as a PEFT folder), take the
same texts in the same steps, in fp32, with AdamW at one rate and clipping at 1. What is compared is
the mean loss of the last 10 steps. It takes some minutes.
"""
import argparse
import pathlib
import subprocess
import tempfile

import clinical_texts
import side_by_side as bench

HERE = pathlib.Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=200)
    options = parser.parse_args()
    bench.build("residency_train_bench", "residency")
    with tempfile.TemporaryDirectory(prefix="residency-loss-") as folder:
        root = pathlib.Path(folder)
        residency = bench.ROOT / "build/release/bin/residency"
        for words in (["init", root / "workspace"], ["models", "add", "--path", bench.MODEL, "--type", "f32", "-w", root / "workspace", "-q"]):
            subprocess.run([residency, *words], check=True, stdout=subprocess.DEVNULL)
        model = next((root / "workspace/models").glob("*-f32.gguf"))
        ours = bench.measure([bench.TRAIN_BENCH, model, "--texts", clinical_texts.write(2000), "--length", "256", "--batch", "1", "--steps", options.steps,
                              "--warmup", "0", "--precision", "fp32", "--steps-out", root / "steps.jsonl", "--adapter-out", root / "adapter"])
        theirs = bench.measure([bench.venv("peft", "torch", "transformers", "peft"), HERE / "lora_loss_peer.py", model, root / "adapter", root / "steps.jsonl"])
    print(f"ours {ours['last_losses']:.5f}, PEFT {theirs['last_losses']:.5f}, at first {theirs['first_losses']:.5f}; "
          f"tokens/s {ours['tokens_per_second']:.0f} and {theirs['tokens_per_second']:.0f}")
    bench.finish("lora-loss", ours["last_losses"], theirs["last_losses"], theirs["last_losses"] / ours["last_losses"], "loss after the same steps; 1 is equal")


if __name__ == "__main__":
    main()
