"""PEFT's side of bench lora-loss: lora_loss_peer.py MODEL-F32.gguf ADAPTER-FOLDER STEPS.jsonl"""
import json
import pathlib
import struct
import sys
import time

import torch
import torch.nn.functional as F
from peft import PeftModel
from transformers import LlamaConfig, LlamaForCausalLM

PAIRS = {"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
         "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}


def read_gguf(path):
    """Metadata, and F32 tensors as [out, in]."""
    data = pathlib.Path(path).read_bytes()
    at = 8

    def take(code):
        nonlocal at
        value = struct.unpack_from("<" + code, data, at)[0]
        at += struct.calcsize(code)
        return value

    def text():
        nonlocal at
        length = take("Q")
        at += length
        return data[at - length:at].decode(errors="replace")

    def value(kind):
        if kind == 8:
            return text()
        if kind == 9:
            inner, count = take("I"), take("Q")
            return [value(inner) for _ in range(count)]
        return take({0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q", 11: "q", 12: "d"}[kind])

    tensor_count, pair_count = take("Q"), take("Q")
    metadata = {}
    for _ in range(pair_count):
        key = text()
        metadata[key] = value(take("I"))
    entries = []
    for _ in range(tensor_count):
        name = text()
        shape = [take("Q") for _ in range(take("I"))]
        entries.append((name, shape[::-1], take("I"), take("Q")))
    alignment = metadata.get("general.alignment", 32)
    start = (at + alignment - 1) // alignment * alignment
    tensors = {}
    for name, shape, kind, offset in entries:
        assert kind == 0, f"{name} is not F32"
        count = int(torch.tensor(shape).prod())
        tensors[name] = torch.frombuffer(bytearray(data[start + offset:start + offset + 4 * count]), dtype=torch.float32).reshape(shape)
    return metadata, tensors


def load_model(path):
    metadata, tensors = read_gguf(path)
    get = lambda key: metadata["llama." + key]  # noqa: E731
    heads, kv_heads = get("attention.head_count"), get("attention.head_count_kv")
    config = LlamaConfig(hidden_size=get("embedding_length"), num_hidden_layers=get("block_count"), num_attention_heads=heads, num_key_value_heads=kv_heads,
                         intermediate_size=get("feed_forward_length"), vocab_size=len(metadata["tokenizer.ggml.tokens"]), rope_theta=get("rope.freq_base"), rope_parameters={"rope_type": "default", "rope_theta": get("rope.freq_base")},
                         rms_norm_eps=get("attention.layer_norm_rms_epsilon"), max_position_embeddings=get("context_length"), tie_word_embeddings=True)
    state = {"model.embed_tokens.weight": tensors["token_embd.weight"], "model.norm.weight": tensors["output_norm.weight"]}
    for layer in range(config.num_hidden_layers):
        for gguf, hf in PAIRS.items():
            rows = tensors[f"blk.{layer}.{gguf}.weight"]
            count = {"attn_q": heads, "attn_k": kv_heads}.get(gguf)
            if count:  # GGUF holds rotary pairs side by side
                rows = rows.reshape(count, rows.shape[0] // count // 2, 2, -1).swapaxes(1, 2).reshape(rows.shape)
            state[f"model.layers.{layer}.{hf}.weight"] = rows
    model = LlamaForCausalLM(config)
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert set(missing) <= {"lm_head.weight"} and not unexpected, (missing, unexpected)
    return model


def main():
    torch.set_num_threads(2)
    model = PeftModel.from_pretrained(load_model(sys.argv[1]), sys.argv[2], is_trainable=True)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=2e-4, weight_decay=0.0)
    losses, tokens, began = [], 0, time.perf_counter()
    for line in open(sys.argv[3]):
        texts = json.loads(line)
        supervised = sum(len(text) - 1 for text in texts)
        optimiser.zero_grad()
        total = 0.0
        for text in texts:
            logits = model(input_ids=torch.tensor([text[:-1]])).logits[0]
            loss = F.cross_entropy(logits, torch.tensor(text[1:]), reduction="sum") / supervised
            loss.backward()
            total += float(loss.detach())
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        losses.append(total)
        tokens += supervised
    print(json.dumps({"last_losses": sum(losses[-10:]) / len(losses[-10:]), "first_losses": sum(losses[:10]) / len(losses[:10]),
                      "tokens_per_second": tokens / (time.perf_counter() - began)}))


if __name__ == "__main__":
    main()
