// Times the rails: questions whole, answers token by token, and attacks on the PHI rail.
// usage: residency_guard_bench TEXTS QUESTIONS [--attacks N]     (files of one text a line)
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "base/json.h"
#include "guard/bench/guard_bench.h"
#include "guard/bench/phi_attack.h"

namespace {

using Clock = std::chrono::steady_clock;
using residency::Json;
using residency::guard::GuardPolicy;
using residency::guard::Guardrail;

double microseconds(Clock::time_point since) {
  return std::chrono::duration<double, std::micro>(Clock::now() - since).count();
}

std::vector<std::string> lines_of(const char* path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  long attacks = 0;
  for (int i = 3; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], "--attacks") == 0) attacks = std::strtol(argv[i + 1], nullptr, 10);
  }
  auto policy = GuardPolicy::named("clinician");
  if (!policy.ok()) return 1;
  const auto guardrail = Guardrail::open(std::move(policy).value());
  if (!guardrail.ok()) return 1;
  std::vector<double> question_us;
  for (const std::string& question : lines_of(argv[2])) {
    residency::guard::Conversation conversation;
    conversation.turns.push_back({"user", question});
    const auto began = Clock::now();
    static_cast<void>((*guardrail)->check_input(conversation));
    question_us.push_back(microseconds(began));
  }
  // A token of a usual vocabulary is about four bytes of English.
  constexpr std::size_t kTokenBytes = 4;
  double total_us = 0;
  std::size_t tokens = 0;
  std::vector<double> first_us;
  std::vector<double> first_tokens;
  for (const std::string& text : lines_of(argv[1])) {
    const auto stream = (*guardrail)->open_output({});
    double spent = 0;
    bool seen = false;
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size(); at += kTokenBytes, ++count) {
      const auto began = Clock::now();
      const std::string out = stream->feed(std::string_view(text).substr(at, kTokenBytes));
      spent += microseconds(began);
      if (!seen && !out.empty()) {
        seen = true;
        first_us.push_back(spent);
        first_tokens.push_back(static_cast<double>(count + 1));
      }
    }
    const auto began = Clock::now();
    static_cast<void>(stream->finish());
    total_us += spent + microseconds(began);
    tokens += count;
  }
  long leaked = 0;
  for (long i = 0; i < attacks; ++i) {
    const auto seed = static_cast<std::uint64_t>(i);
    leaked += residency::guard::leaks(residency::guard::make_phi_attack(seed), **guardrail, seed);
  }
  using residency::guard::quantile;
  std::printf("%s\n",
              residency::dump_json({{"questions", question_us.size()},
                                    {"question_p50_us", quantile(question_us, 0.5)},
                                    {"question_p95_us", quantile(question_us, 0.95)},
                                    {"tokens", tokens},
                                    {"us_per_token", total_us / static_cast<double>(tokens)},
                                    {"first_text_p50_us", quantile(first_us, 0.5)},
                                    {"first_text_p95_us", quantile(first_us, 0.95)},
                                    {"first_text_p50_tokens", quantile(first_tokens, 0.5)},
                                    {"first_text_p95_tokens", quantile(first_tokens, 0.95)},
                                    {"attacks", attacks},
                                    {"leaked", leaked}})
                  .c_str());
  return leaked == 0 ? 0 : 1;
}
