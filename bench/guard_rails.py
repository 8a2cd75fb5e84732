"""guard-rails: what the rules of all text guardrails cost without a model: the 95th percentile of a
question's checks, time for each token of an answer, when its first text leaves, and attacks on the PHI
rail. No peer: others' rails ask a model."""
import argparse
import pathlib
import tempfile

import side_by_side as bench


def questions(folder):
    lines = []
    for path in sorted((bench.ROOT / "tests/cases/guard").glob("*/*.txt")):
        lines += [line for line in path.read_text().splitlines() if line and line[0] not in "#@"]
    out = pathlib.Path(folder) / "questions.txt"
    out.write_text("\n".join(lines))
    return out


def answers(folder):
    """Ordinary prose of answers: our own benign cases, ten to a text."""
    lines = []
    for path in sorted((bench.ROOT / "tests/cases/guard").glob("*/benign.txt")):
        lines += [line for line in path.read_text().splitlines() if line and line[0] not in "#@" and line.endswith(".")]
    out = pathlib.Path(folder) / "answers.txt"
    out.write_text("\n".join(" ".join(lines[at:at + 10]) for at in range(0, len(lines), 10)))
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--attacks", type=int, default=10000)
    options = parser.parse_args()
    bench.build("residency_guard_bench")
    ours = bench.ROOT / "build/release/src/guard/residency_guard_bench"
    with tempfile.TemporaryDirectory() as folder:
        figures = bench.measure([ours, answers(folder), questions(folder), "--attacks", options.attacks])
    print(f"question: p50 {figures['question_p50_us'] / 1000:.3f} ms, p95 {figures['question_p95_us'] / 1000:.3f} ms, {figures['questions']} questions")
    print(f"answer: {figures['us_per_token']:.1f} us a token over {figures['tokens']} tokens; first text after {figures['first_text_p50_tokens']:.0f} tokens (p95 {figures['first_text_p95_tokens']:.0f}), {figures['first_text_p50_us']:.0f} us of rules")
    print(f"attacks on the PHI rail: {figures['leaked']} of {figures['attacks']} leaked")
    bench.finish("guard-rails", figures["question_p95_us"] / 1000, None, None, "ms p95 of a question")


if __name__ == "__main__":
    main()
