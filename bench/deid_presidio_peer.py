"""Runs Presidio's analyzer over {"text"} lines: writes spans as [[start, end, TYPE, score], ...] a line
and prints one JSON line with documents a second.

Its default model, en_core_web_lg, is used where the environment has it (or RESIDENCY_PRESIDIO_MODEL
names another). The model comes from no package registry: without it Presidio runs with its own
patterns, checksums and context alone, and the result says so.
"""
import argparse
import json
import os
import time

import spacy
import tldextract
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NlpEngineProvider, SpacyNlpEngine


class BlankEngine(SpacyNlpEngine):
    def __init__(self):
        super().__init__()
        self.nlp = {"en": spacy.blank("en")}


def make_engine():
    model = os.environ.get("RESIDENCY_PRESIDIO_MODEL", "en_core_web_lg")
    if not (spacy.util.is_package(model) or os.path.isdir(model)):
        return BlankEngine(), "none"
    settings = {"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": model}]}
    return NlpEngineProvider(nlp_configuration=settings).create_engine(), model


def main():
    # The list of suffixes that comes with the package: nothing is fetched.
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())
    parser = argparse.ArgumentParser()
    parser.add_argument("texts")
    parser.add_argument("--spans")
    options = parser.parse_args()
    engine, model = make_engine()
    analyzer = AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])
    texts = [json.loads(line)["text"] for line in open(options.texts, encoding="utf-8")]
    analyzer.analyze(text=texts[0], language="en")  # loads what is loaded late
    began = time.monotonic()
    found = [analyzer.analyze(text=text, language="en") for text in texts]
    seconds = time.monotonic() - began
    if options.spans:
        with open(options.spans, "w", encoding="utf-8") as out:
            for spans in found:
                out.write(json.dumps([[s.start, s.end, s.entity_type, s.score] for s in spans]) + "\n")
    size = sum(len(text.encode()) for text in texts)
    print(json.dumps({"model": model, "documents": len(texts), "bytes": size, "seconds": seconds,
                      "documents_per_s": len(texts) / seconds, "mb_per_s": size / 1e6 / seconds}))


if __name__ == "__main__":
    main()
