"""deid-rules: MB/s on one core of the patterns and dictionaries, then with the learned tagger, over
transcribed medical reports (or, without the public data, a synthetic hospital's notes)."""
import argparse

import deid_texts
import side_by_side as bench


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    bench.build("residency_deid_bench", "residency")
    ours = bench.ROOT / "build/release/src/deid/residency_deid_bench"
    texts = deid_texts.reports() or deid_texts.synthetic(400, 5)
    layers = {"patterns": ["dictionaries", "propagation", "tagger"], "dictionaries": ["patterns", "propagation", "tagger"],
              "rules": ["tagger"], "with the tagger": []}
    figures = {}
    for name, without in layers.items():
        flags = [word for layer in without for word in ("--without", layer)]
        figures[name] = bench.measure([ours, texts, "--rounds", options.rounds, *flags])
        print(f"{name:16} {figures[name]['mb_per_s']:6.1f} MB/s {figures[name]['documents_per_s']:8.0f} documents/s  peak {figures[name]['peak_mb']:.0f} MB")
    bench.finish("deid-rules", figures["rules"]["mb_per_s"], None, None, "MB/s a core")


if __name__ == "__main__":
    main()
