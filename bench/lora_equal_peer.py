"""One PyTorch training job on the SmolLM2-135M shape, for benches lora-equal and full-equal.

--engine plain: the step written out in plain PyTorch (runs on Debian's 1.13 and on current 2.x).
--engine peft:  Hugging Face Transformers and PEFT, their own modules.
--engine peft-fp32: the same in fp32, for machines without bf16 products.
--engine full-bf16: full fine-tuning by Transformers, weights and AdamW's moments in bf16.
--engine full-autocast: the same with fp32 weights under bf16 autocast, as the Trainer's bf16=True.
--engine full-fp32: the same in fp32.
Prints one JSON line: tokens_per_second (median over the timed steps), step_s, loss.
"""
import argparse
import json
import statistics
import time

import torch
import torch.nn.functional as F

HIDDEN, LAYERS, HEADS, KV_HEADS, FFN, VOCAB = 576, 30, 9, 3, 1536, 49152
HEAD = HIDDEN // HEADS
RANK, ALPHA = 16, 32.0


class LoraLinear(torch.nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(outputs, inputs, dtype=torch.bfloat16) * 0.02, requires_grad=False)
        self.a = torch.nn.Parameter(torch.randn(RANK, inputs) * inputs ** -0.5)
        self.b = torch.nn.Parameter(torch.zeros(outputs, RANK))

    def forward(self, x):
        down = F.linear(x, self.a.to(x.dtype))
        return F.linear(x, self.weight) + F.linear(down, self.b.to(x.dtype)) * (ALPHA / RANK)


def rms_norm(x, weight):
    wide = x.float()
    return (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + 1e-5)).to(x.dtype) * weight


def rotate(x, cos, sin):
    half = x.shape[-1] // 2
    turned = torch.cat((-x[..., half:], x[..., :half]), -1)
    return x * cos + turned * sin


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k = LoraLinear(HIDDEN, HIDDEN), LoraLinear(HIDDEN, KV_HEADS * HEAD)
        self.v, self.o = LoraLinear(HIDDEN, KV_HEADS * HEAD), LoraLinear(HIDDEN, HIDDEN)
        self.gate, self.up, self.down = LoraLinear(HIDDEN, FFN), LoraLinear(HIDDEN, FFN), LoraLinear(FFN, HIDDEN)
        self.norms = torch.nn.Parameter(torch.ones(2, HIDDEN, dtype=torch.bfloat16), requires_grad=False)

    def attention(self, x, cos, sin):
        batch, length, _ = x.shape
        q = self.q(x).view(batch, length, HEADS, HEAD).transpose(1, 2)
        k = self.k(x).view(batch, length, KV_HEADS, HEAD).transpose(1, 2)
        v = self.v(x).view(batch, length, KV_HEADS, HEAD).transpose(1, 2)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        k, v = (t.repeat_interleave(HEADS // KV_HEADS, 1) for t in (k, v))
        if hasattr(F, "scaled_dot_product_attention"):
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            mask = torch.full((length, length), float("-inf"), dtype=x.dtype).triu(1)
            y = torch.softmax(q @ k.transpose(-1, -2) * HEAD ** -0.5 + mask, -1) @ v
        return self.o(y.transpose(1, 2).reshape(batch, length, HIDDEN))

    def forward(self, x, cos, sin):
        x = x + self.attention(rms_norm(x, self.norms[0]), cos, sin)
        y = rms_norm(x, self.norms[1])
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class PlainModel(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Parameter(torch.randn(VOCAB, HIDDEN, dtype=torch.bfloat16) * 0.02, requires_grad=False)
        self.blocks = torch.nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = torch.nn.Parameter(torch.ones(HIDDEN, dtype=torch.bfloat16), requires_grad=False)

    def loss(self, tokens):
        length = tokens.shape[1]
        frequencies = 1e5 ** -(torch.arange(0, HEAD, 2) / HEAD)
        angles = torch.outer(torch.arange(length), frequencies).repeat(1, 2)
        cos, sin = angles.cos().bfloat16(), angles.sin().bfloat16()
        x = F.embedding(tokens, self.embedding)
        for block in self.blocks:
            x = block(x, cos, sin)
        logits = F.linear(rms_norm(x, self.norm), self.embedding)
        return F.cross_entropy(logits[:, :-1].reshape(-1, VOCAB).float(), tokens[:, 1:].reshape(-1))


def transformers_model():
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(hidden_size=HIDDEN, num_hidden_layers=LAYERS, num_attention_heads=HEADS, num_key_value_heads=KV_HEADS,
                         intermediate_size=FFN, vocab_size=VOCAB, tie_word_embeddings=True, rope_theta=1e5, max_position_embeddings=2048)
    return LlamaForCausalLM(config)


class FullModel:
    def __init__(self, autocast, narrow=False):
        self.autocast = autocast
        self.model = transformers_model().to(torch.bfloat16) if narrow else transformers_model()
        self.model.train()

    def parameters(self):
        return self.model.parameters()

    def loss(self, tokens):
        with torch.autocast("cpu", torch.bfloat16, enabled=self.autocast):
            return self.model(input_ids=tokens, labels=tokens).loss


class PeftModel:
    def __init__(self, dtype):
        from peft import LoraConfig, get_peft_model

        base = transformers_model().to(dtype)
        lora = LoraConfig(r=RANK, lora_alpha=ALPHA, task_type="CAUSAL_LM",
                          target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"])
        self.model = get_peft_model(base, lora, autocast_adapter_dtype=False)
        self.model.train()

    def parameters(self):
        return self.model.parameters()

    def loss(self, tokens):
        return self.model(input_ids=tokens, labels=tokens).loss

    def padded_loss(self, tokens, mask):
        return self.model(input_ids=tokens, attention_mask=mask, labels=tokens.masked_fill(mask == 0, -100)).loss


ENGINES = {"plain": PlainModel, "peft": lambda: PeftModel(torch.bfloat16), "peft-fp32": lambda: PeftModel(torch.float32),
           "full-bf16": lambda: FullModel(False, True), "full-autocast": lambda: FullModel(True), "full-fp32": lambda: FullModel(False)}


def padded_batches(path, size):
    """The texts of the file's steps, `size` at a time, padded to the longest."""
    texts = [tokens for line in open(path) for tokens in json.loads(line)]
    batches = []
    for first in range(0, len(texts), size):
        some = texts[first:first + size]
        longest = max(map(len, some))
        tokens = torch.tensor([t + [0] * (longest - len(t)) for t in some])
        mask = torch.tensor([[1] * len(t) + [0] * (longest - len(t)) for t in some])
        batches.append((tokens, mask))
    return batches


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", choices=list(ENGINES), required=True)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--length", type=int, default=512)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps-file", help="lines of token lists, in place of random tokens of equal length")
    options = parser.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(options.threads)
    model = ENGINES[options.engine]()
    trained = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=2e-4)
    if options.steps_file:
        batches = padded_batches(options.steps_file, options.batch)
        losses = [lambda batch=batch: model.padded_loss(*batch) for batch in batches]
        counts = [int(mask.sum()) for _, mask in batches]
        places = sum(mask.numel() for _, mask in batches)
    else:
        tokens = torch.randint(0, VOCAB, (options.batch, options.length), generator=torch.Generator().manual_seed(2))
        losses, counts, places = [lambda: model.loss(tokens)], [tokens.numel()], tokens.numel()
    seconds, done = [], 0
    for step in range(options.warmup + options.steps):
        began = time.perf_counter()
        optimiser.zero_grad()
        loss = losses[step % len(losses)]()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        if step >= options.warmup:
            seconds.append(time.perf_counter() - began)
            done += counts[step % len(losses)]
    step = statistics.median(seconds)
    # Steps of equal size: the median tells more than the mean.
    speed = done / sum(seconds) if options.steps_file else counts[0] / step
    print(json.dumps({"tokens_per_second": speed, "step_s": step, "loss": float(loss.detach()), "torch": torch.__version__,
                      "padding": 1 - sum(counts) / places}))


if __name__ == "__main__":
    main()
