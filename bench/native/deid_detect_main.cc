// Times the detector on one core for benches deid-rules, deid-speed and deid-quality: prints one
// JSON line with MB/s and documents a second, the best of the rounds.
// usage: residency_deid_bench TEXTS.jsonl [--without LAYER]... [--rounds N] [--spans FILE]
// TEXTS has one {"text": ...} a line. --spans writes [[begin, end, CLASS, score, why, rule], ...]
// for each, offsets in code points.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "base/json.h"
#include "deid/detect/detector.h"

namespace {

using namespace residency;

struct Arguments {
  std::string texts;
  std::string spans;
  int rounds = 3;
  deid::DetectorOptions detector;
};

bool without(deid::DetectorOptions& options, std::string_view layer) {
  if (layer == "patterns") return options.patterns = false, true;
  if (layer == "dictionaries") return options.dictionaries = false, true;
  if (layer == "propagation") return options.propagation = false, true;
  if (layer == "tagger") return options.tagger = false, true;
  return false;
}

bool read_arguments(int count, char** words, Arguments& out) {
  if (count < 2 || count % 2 != 0) return false;
  out.texts = words[1];
  for (int i = 2; i + 1 < count; i += 2) {
    const std::string_view name = words[i];
    if (name == "--spans") {
      out.spans = words[i + 1];
    } else if (name == "--rounds") {
      out.rounds = std::max(1, std::atoi(words[i + 1]));
    } else if (name != "--without" || !without(out.detector, words[i + 1])) {
      return false;
    }
  }
  return true;
}

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

Json spans_json(std::string_view text, const std::vector<deid::Span>& spans) {
  Json list = Json::array();
  for (const deid::Span& span : spans) {
    list.push_back({code_points(text.substr(0, span.begin)), code_points(text.substr(0, span.end)),
                    phi_class_name(span.phi_class), span.score, deid::reason_name(span.reason),
                    span.rule});
  }
  return list;
}

}  // namespace

int main(int count, char** words) {
  Arguments arguments;
  if (!read_arguments(count, words, arguments)) {
    std::fprintf(stderr,
                 "usage: residency_deid_bench TEXTS.jsonl [--without LAYER]... "
                 "[--rounds N] [--spans FILE]\n");
    return 2;
  }
  std::vector<std::string> texts;
  std::ifstream in(arguments.texts);
  std::size_t bytes = 0;
  for (std::string line; std::getline(in, line);) {
    const auto json = Json::parse(line, nullptr, false);
    if (!json.is_object() || !json.contains("text") || !json["text"].is_string()) continue;
    texts.push_back(json["text"].get<std::string>());
    bytes += texts.back().size();
  }
  const auto detector = deid::Detector::open(arguments.detector);
  if (!detector.ok() || texts.empty()) {
    std::fprintf(stderr, "residency_deid_bench: no texts, or no detector\n");
    return 1;
  }
  double best_s = 1e30;
  std::size_t found = 0;
  std::string lines;
  for (int round = 0; round < arguments.rounds; ++round) {
    found = 0;
    const bool keep = round == 0 && !arguments.spans.empty();
    const auto began = std::chrono::steady_clock::now();
    for (const std::string& text : texts) {
      const auto spans = (*detector)->detect(text, nullptr);
      if (!spans.ok()) return 1;
      found += spans->size();
      if (keep) lines += spans_json(text, *spans).dump() + "\n";
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    best_s = std::min(best_s, took.count());
  }
  if (!arguments.spans.empty()) std::ofstream(arguments.spans) << lines;
  const Json result{{"documents", texts.size()},
                    {"bytes", bytes},
                    {"spans", found},
                    {"seconds", best_s},
                    {"mb_per_s", static_cast<double>(bytes) / 1e6 / best_s},
                    {"documents_per_s", static_cast<double>(texts.size()) / best_s}};
  std::printf("%s\n", result.dump().c_str());
  return 0;
}
