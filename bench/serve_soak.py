"""32 clients for ten minutes with disconnects, oversized prompts and endpoint swaps: resident memory before and after, in MB.

Ends with an error where a request is lost, an answer is another caller's, or memory grows by more than 2%. --seconds N for less.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/e2e"))
import side_by_side  # noqa: E402

side_by_side.build("residency", "make_tiny_model")
import os  # noqa: E402

os.environ.setdefault("RESIDENCY", str(side_by_side.ROOT / "build/release/bin/residency"))
os.environ.setdefault("MAKE_TINY_MODEL", str(side_by_side.ROOT / "build/release/tests/make_tiny_model"))
import soak  # noqa: E402

seconds = int(sys.argv[sys.argv.index("--seconds") + 1]) if "--seconds" in sys.argv else 600
result = soak.run(clients=32, seconds=seconds)
print(result, file=sys.stderr)
problems = soak.problems(result, growth_max=0.02)
if problems:
    raise SystemExit("bench: " + "; ".join(problems))
side_by_side.finish("serve-soak", result["rss_end_mb"], result["rss_warm_mb"], result["rss_warm_mb"] / result["rss_end_mb"], "MB")
