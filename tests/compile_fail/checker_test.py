"""Plants one breach of each kind in a copy of the sources: the checker must find every one."""
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(sys.argv[1])
BREACHES = [
    ("src/base/breach.cc", '#include "store/workspace.h"\n', "ranks only fall"),
    ("src/ingest/breach.cc", '#include "crypto/crypto.h"\n', "does not name"),
    ("src/dataset/breach.cc", "void f(const ingest::PhiText& t);\n", "may name PhiText"),
    ("src/eval/breach.cc", "#include <ATen/ATen.h>\n", "only train may include"),
    ("src/serve/breach.cc", "#include <llama.h>\n", "only infer, model may include"),
    ("src/base/breach.h", "using namespace std;\n", "using namespace"),
    ("src/base/long.cc", "int x;\n" * 501, "501 lines"),
]


def check(root):
    return subprocess.run([sys.executable, root / "scripts/check_includes.py"], capture_output=True, text=True)


with tempfile.TemporaryDirectory() as scratch:
    root = pathlib.Path(scratch)
    for part in ("src", "apps", "scripts", "docs"):
        shutil.copytree(SOURCE / part, root / part)
    clean = check(root)
    assert clean.returncode == 0, clean.stdout
    for name, text, expected in BREACHES:
        path = root / name
        path.write_text(text)
        found = check(root)
        assert found.returncode == 1 and name in found.stdout and expected in found.stdout, (name, found.stdout)
        path.unlink()
print(f"{len(BREACHES)} planted breaches found")
