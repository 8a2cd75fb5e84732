"""What every bench shares: runs programs in turn, measures them from outside, prints the last line."""
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = pathlib.Path(os.environ.get("RESIDENCY_CACHE") or pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "residency")
MODEL = CACHE / "models/SmolLM2-135M-Instruct.Q4_1.gguf"
TRAIN_BENCH = ROOT / "build/release/src/train/residency_train_bench"
# Threads that wait for each other by spinning are forty times slower where other programs use the
# cores; workers of the product make theirs sleep, too.
QUIET = {"GOMP_SPINCOUNT": "20000"}


def build(*targets):
    """Builds targets of the release preset, quietly."""
    subprocess.run([ROOT / "scripts/build", "release", *targets], check=True, stdout=sys.stderr)


def venv(name, *packages):
    """A virtual environment with these PyPI packages; gives its python."""
    folder = CACHE / f"bench-{name}"
    python = folder / "bin/python"
    marker = folder / "packages.txt"
    wanted = "\n".join(packages)
    if not marker.exists() or marker.read_text() != wanted:
        print(f"bench: installing {' '.join(packages)} into {folder}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin/pip", "install", "-q", *packages], check=True, stdout=sys.stderr)
        marker.write_text(wanted)
    return python


def measure(command, env=None):
    """Runs a program that prints one JSON line last; adds its peak memory as the kernel counted it."""
    began = time.monotonic()
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, env={**QUIET, **os.environ, **(env or {})}, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"bench: {command[0]} ended with {process.returncode}")
    result = json.loads(output.strip().splitlines()[-1])
    result["peak_mb"] = usage.ru_maxrss / 1024
    result["wall_s"] = time.monotonic() - began
    return result


def median(results, key):
    return statistics.median(result[key] for result in results)


def in_turn(programs, rounds):
    """Runs programs one after the other, `rounds` times, and prints a table of medians."""
    results = {name: [] for name in programs}
    for _ in range(rounds):
        for name, command in programs.items():
            results[name].append(measure(command))
    print(f"load average {os.getloadavg()[0]:.2f}, {rounds} rounds, medians")
    print(f"{'':24} {'tokens/s':>9} {'peak MB':>8} {'loss':>8}")
    for name, runs in results.items():
        print(f"{name:24} {median(runs, 'tokens_per_second'):9.0f} {median(runs, 'peak_mb'):8.0f} {median(runs, 'loss'):8.4f}")
    return results


def speeds(results, mine="residency"):
    """Our tokens/s and the fastest peer's."""
    return (median(results[mine], "tokens_per_second"),
            max(median(runs, "tokens_per_second") for name, runs in results.items() if name != mine))


def finish(name, ours, peer, ratio, unit):
    shown = "none" if peer is None else f"{peer:.4g}"
    print(f"{name} ours={ours:.4g} peer={shown} ratio={'none' if ratio is None else f'{ratio:.2f}'} unit={unit}")
