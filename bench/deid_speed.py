"""deid-speed: documents a second on one core, every layer of ours against Presidio's analyzer."""
import argparse
import pathlib

import deid_texts
import side_by_side as bench

HERE = pathlib.Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", type=int, default=300)
    options = parser.parse_args()
    bench.build("residency_deid_bench", "residency")
    python = bench.venv("presidio", "presidio-analyzer==2.2.366")
    texts = deid_texts.reports(options.documents) or deid_texts.synthetic(options.documents, 5)
    ours = bench.measure([bench.ROOT / "build/release/src/deid/residency_deid_bench", texts, "--rounds", "3"])
    peer = bench.measure([python, HERE / "deid_presidio_peer.py", texts])
    print(f"ours     {ours['documents_per_s']:9.1f} documents/s  peak {ours['peak_mb']:6.0f} MB")
    print(f"Presidio {peer['documents_per_s']:9.1f} documents/s  peak {peer['peak_mb']:6.0f} MB  model: {peer['model']}")
    if peer["model"] == "none":
        print("Presidio ran without a model (en_core_web_lg is in no package registry): with one it is slower")
    bench.finish("deid-speed", ours["documents_per_s"], peer["documents_per_s"], ours["documents_per_s"] / peer["documents_per_s"], "documents/s")


if __name__ == "__main__":
    main()
