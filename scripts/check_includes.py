#!/usr/bin/env python3
"""Holds the sources to src/ranks.txt and to the rules that a compiler does not see.

  - a room includes only itself and the rooms its row names, all of lower rank (a test may use
    any room of lower rank);
  - only ingest, deid and pipeline name PhiText;
  - only train includes torch's or oneDNN's headers, only model and infer llama.cpp's;
  - `using namespace` never stands in a header;
  - docs/architecture.md prints the rank table as it is (--fix-docs rewrites it);
  - files and headers stay within their length limits (exceptions in scripts/length_exceptions.txt).

Exit status 1 with one line per breach: FILE:LINE: what.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE_LINES_MAX = 500
HEADER_LINES_MAX = 200
PHI_ROOMS = {"ingest", "deid", "pipeline"}
OWNERS = [
    (re.compile(r"<(torch/|ATen/|c10/|dnnl)"), {"train"}),
    (re.compile(r'[<"](llama|ggml|gguf)(-[a-z]+)?\.h[>"]'), {"model", "infer"}),
]


def read_ranks():
    rooms = {}
    for line in (ROOT / "src/ranks.txt").read_text().splitlines():
        match = re.match(r"([a-z]+)\s+(\d+)\s*:(.*)$", line)
        if match:
            rooms[match[1]] = (int(match[2]), set(match[3].split()))
    return rooms


def room_of(path):
    parts = path.relative_to(ROOT).parts
    return parts[1] if parts[0] == "src" else "apps"


def breaches_of(path, room, rooms, exceptions):
    text = path.read_text()
    lines = text.splitlines()
    limit = HEADER_LINES_MAX if path.suffix == ".h" else SOURCE_LINES_MAX
    name = str(path.relative_to(ROOT))
    if len(lines) > limit and name not in exceptions:
        yield 1, f"{len(lines)} lines, the limit is {limit}"
    rank, uses = rooms[room]
    for number, line in enumerate(lines, 1):
        include = re.match(r'\s*#\s*include\s+"([a-z_]+)/', line)
        if include and include[1] in rooms and include[1] not in {room, "apps"}:
            other = include[1]
            if rooms[other][0] >= rank:
                yield number, f"{room} (rank {rank}) includes {other} (rank {rooms[other][0]}): ranks only fall"
            elif other not in uses and not path.name.endswith("_test.cc"):
                yield number, f"{room} includes {other}, which its row in src/ranks.txt does not name"
        for pattern, owners in OWNERS:
            if line.lstrip().startswith("#") and pattern.search(line) and room not in owners:
                yield number, f"only {', '.join(sorted(owners))} may include this header"
        if path.suffix == ".h" and re.match(r"\s*using\s+namespace\b", line):
            yield number, "using namespace in a header"
        code = line.split("//")[0]
        if re.search(r"\bPhiText\b", code) and room not in PHI_ROOMS:
            yield number, "only ingest, deid and pipeline may name PhiText"


def rank_rows(text):
    return [line.rstrip() for line in text.splitlines() if re.match(r"[a-z]+\s+\d+\s*:", line)]


def table_breaches():
    """docs/architecture.md prints the rank table: the copy must be the table."""
    page = (ROOT / "docs/architecture.md").read_text()
    copy = re.search(r"<!-- ranks -->(.*?)<!-- /ranks -->", page, re.S)
    if not copy or rank_rows(copy[1]) != rank_rows((ROOT / "src/ranks.txt").read_text()):
        yield "docs/architecture.md:1: the rank table differs from src/ranks.txt (--fix-docs rewrites it)"


def fix_docs():
    path = ROOT / "docs/architecture.md"
    table = "\n".join(rank_rows((ROOT / "src/ranks.txt").read_text()))
    block = f"<!-- ranks -->\n```\n{table}\n```\n<!-- /ranks -->"
    path.write_text(re.sub(r"<!-- ranks -->.*?<!-- /ranks -->", lambda _: block, path.read_text(), flags=re.S))


def main():
    if "--fix-docs" in sys.argv:
        fix_docs()
    rooms = read_ranks()
    exceptions = set()
    for line in (ROOT / "scripts/length_exceptions.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            exceptions.add(line.split(":")[0].strip())
    found = 0
    for top in ("src", "apps"):
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix not in {".h", ".cc"}:
                continue
            room = room_of(path)
            if room not in rooms:
                print(f"{path.relative_to(ROOT)}:1: room '{room}' has no row in src/ranks.txt")
                found += 1
                continue
            for number, what in breaches_of(path, room, rooms, exceptions):
                print(f"{path.relative_to(ROOT)}:{number}: {what}")
                found += 1
    for problem in table_breaches():
        print(problem)
        found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
