#include "deid/detect/pattern_scan.h"

#include <algorithm>
#include <fmt/format.h>
#include <hs.h>
#include <mutex>
#include <re2/re2.h>
#include <string>

#include "deid/detect/patterns.h"
#include "deid/detect/validators.h"

namespace residency::deid {
namespace {

struct DatabaseFree {
  void operator()(hs_database_t* database) const { hs_free_database(database); }
};
struct ScratchFree {
  void operator()(hs_scratch_t* scratch) const { hs_free_scratch(scratch); }
};
using Database = std::unique_ptr<hs_database_t, DatabaseFree>;
using Scratch = std::unique_ptr<hs_scratch_t, ScratchFree>;

struct Starts {
  std::vector<std::vector<std::size_t>> by_pattern;
};

int on_match(unsigned int id, unsigned long long from, unsigned long long, unsigned int,
             void* context) {
  auto& starts = static_cast<Starts*>(context)->by_pattern[id];
  if (starts.empty() || starts.back() != from) starts.push_back(from);
  return 0;
}

unsigned int flags_of(const Pattern& pattern) {
  const unsigned int any_case = pattern.any_case ? HS_FLAG_CASELESS : 0u;
  return any_case | (pattern.placed_by_re2 ? HS_FLAG_SINGLEMATCH : HS_FLAG_SOM_LEFTMOST);
}

RE2::Options re2_options(bool any_case) {
  RE2::Options options(RE2::Latin1);
  options.set_case_sensitive(!any_case);
  options.set_log_errors(false);
  return options;
}

}  // namespace

struct PatternScan::State {
  Database database;
  std::vector<std::unique_ptr<RE2>> refine;
  // One scratch serves one scan at a time; the spare ones wait here.
  std::mutex mutex;
  std::vector<Scratch> spare;

  Result<Scratch> take() {
    {
      const std::lock_guard lock(mutex);
      if (!spare.empty()) {
        Scratch scratch = std::move(spare.back());
        spare.pop_back();
        return scratch;
      }
    }
    hs_scratch_t* made = nullptr;
    if (hs_alloc_scratch(database.get(), &made) != HS_SUCCESS)
      return resource_exhausted("no memory for the pattern scan");
    return Scratch(made);
  }
  void put(Scratch scratch) {
    const std::lock_guard lock(mutex);
    spare.push_back(std::move(scratch));
  }
};

PatternScan::PatternScan(std::unique_ptr<State> state) : state_(std::move(state)) {}
PatternScan::~PatternScan() = default;

Result<std::unique_ptr<PatternScan>> PatternScan::compile() {
  auto state = std::make_unique<State>();
  std::vector<std::string> expressions;
  std::vector<unsigned int> flags;
  std::vector<unsigned int> ids;
  for (const Pattern& pattern : patterns()) {
    auto refine =
        std::make_unique<RE2>(std::string(pattern.expression), re2_options(pattern.any_case));
    if (!refine->ok())
      return internal_error(
          fmt::format("a pattern does not compile: {}: {}", pattern.rule, refine->error()));
    state->refine.push_back(std::move(refine));
    expressions.emplace_back(pattern.expression);
    flags.push_back(flags_of(pattern));
    ids.push_back(static_cast<unsigned int>(ids.size()));
  }
  std::vector<const char*> texts;
  for (const std::string& expression : expressions) texts.push_back(expression.c_str());
  hs_database_t* database = nullptr;
  hs_compile_error_t* problem = nullptr;
  const hs_error_t made = hs_compile_multi(texts.data(), flags.data(), ids.data(),
                                           static_cast<unsigned int>(texts.size()), HS_MODE_BLOCK,
                                           nullptr, &database, &problem);
  if (made != HS_SUCCESS) {
    const std::string what = problem == nullptr ? "" : problem->message;
    const std::string rule(problem != nullptr && problem->expression >= 0
                               ? patterns()[static_cast<std::size_t>(problem->expression)].rule
                               : "");
    hs_free_compile_error(problem);
    return internal_error(
        fmt::format("a pattern does not compile for Vectorscan: {}: {}", rule, what));
  }
  state->database.reset(database);
  return std::unique_ptr<PatternScan>(new PatternScan(std::move(state)));
}

Result<std::shared_ptr<const PatternScan>> PatternScan::shared() {
  static const auto made = []() -> Result<std::shared_ptr<const PatternScan>> {
    RESIDENCY_TRY(auto scan, compile());
    return std::shared_ptr<const PatternScan>(std::move(scan));
  }();
  return made;
}

Result<std::vector<Span>> PatternScan::scan(std::string_view text) const {
  RESIDENCY_TRY(Scratch scratch, state_->take());
  Starts starts{std::vector<std::vector<std::size_t>>(patterns().size())};
  const hs_error_t scanned =
      hs_scan(state_->database.get(), text.data(), static_cast<unsigned int>(text.size()), 0,
              scratch.get(), on_match, &starts);
  state_->put(std::move(scratch));
  if (scanned != HS_SUCCESS)
    return internal_error(fmt::format("the pattern scan failed: {}", scanned));
  std::vector<Span> spans;
  for (std::size_t id = 0; id < starts.by_pattern.size(); ++id) {
    std::vector<std::size_t>& from = starts.by_pattern[id];
    if (from.empty()) continue;
    std::sort(from.begin(), from.end());
    from.erase(std::unique(from.begin(), from.end()), from.end());
    const Pattern& pattern = patterns()[id];
    const RE2& refine = *state_->refine[id];
    const int groups = refine.NumberOfCapturingGroups() > 0 ? 2 : 1;
    std::size_t past = 0;
    const auto take = [&](const re2::StringPiece& value) {
      const auto begin = static_cast<std::size_t>(value.data() - text.data());
      if (value.empty() || !passes(pattern.check, {value.data(), value.size()})) return;
      past = begin + value.size();
      spans.push_back(
          {begin, past, pattern.phi_class, pattern.score, Reason::kPattern, pattern.rule});
    };
    const re2::StringPiece whole(text.data(), text.size());
    re2::StringPiece found[2];
    if (pattern.placed_by_re2) {
      for (std::size_t at = 0; at < text.size() && refine.Match(whole, at, text.size(),
                                                                RE2::UNANCHORED, found, groups);) {
        take(found[groups - 1]);
        at = std::max(static_cast<std::size_t>(found[0].data() - text.data()) + 1, past);
      }
      continue;
    }
    for (const std::size_t at : from) {
      if (at >= past && refine.Match(whole, at, text.size(), RE2::ANCHOR_START, found, groups))
        take(found[groups - 1]);
    }
  }
  return spans;
}

}  // namespace residency::deid
