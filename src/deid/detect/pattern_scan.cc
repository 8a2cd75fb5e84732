#include "deid/detect/pattern_scan.h"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <fmt/format.h>
#include <hs.h>
#include <mutex>
#include <optional>
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

/// How far before a match's end RE2 looks for its begin where the pattern has no longest match.
constexpr std::size_t kReachUnbounded = 512;

/// Where matches end, by pattern, in order. Keeping track of where they begin would cost Vectorscan
/// more than half of its speed: RE2 looks back from the ends.
struct Ends {
  std::vector<std::vector<std::size_t>> by_pattern;
};

int on_match(unsigned int id, unsigned long long, unsigned long long to, unsigned int,
             void* context) {
  static_cast<Ends*>(context)->by_pattern[id].push_back(to);
  return 0;
}

unsigned int flags_of(const Pattern& pattern) { return pattern.any_case ? HS_FLAG_CASELESS : 0u; }

/// The longest match's bytes, 0 where there is none; nothing for what Vectorscan can't read.
std::optional<std::size_t> width_of(const Pattern& pattern) {
  hs_expr_info_t* info = nullptr;
  hs_compile_error_t* problem = nullptr;
  const std::string expression(pattern.expression);
  if (hs_expression_info(expression.c_str(), flags_of(pattern), &info, &problem) != HS_SUCCESS) {
    hs_free_compile_error(problem);
    return std::nullopt;
  }
  const std::size_t width = info->max_width == UINT_MAX ? 0 : info->max_width;
  std::free(info);  // as hs_expression_info asks for
  return width;
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
  std::vector<std::size_t> widths;  // of the longest match, 0 where there is none
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
    state->widths.push_back(width_of(pattern).value_or(0));
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
  Ends ends{std::vector<std::vector<std::size_t>>(patterns().size())};
  const hs_error_t scanned =
      hs_scan(state_->database.get(), text.data(), static_cast<unsigned int>(text.size()), 0,
              scratch.get(), on_match, &ends);
  state_->put(std::move(scratch));
  if (scanned != HS_SUCCESS)
    return internal_error(fmt::format("the pattern scan failed: {}", scanned));
  std::vector<Span> spans;
  for (std::size_t id = 0; id < ends.by_pattern.size(); ++id) {
    if (!ends.by_pattern[id].empty()) place(id, text, ends.by_pattern[id], spans);
  }
  return spans;
}

void PatternScan::place(std::size_t id, std::string_view text, std::vector<std::size_t>& ends,
                        std::vector<Span>& spans) const {
  const Pattern& pattern = patterns()[id];
  const RE2& refine = *state_->refine[id];
  const std::size_t width = state_->widths[id] == 0 ? kReachUnbounded : state_->widths[id];
  const int groups = refine.NumberOfCapturingGroups() > 0 ? 2 : 1;
  const re2::StringPiece whole(text.data(), text.size());
  std::sort(ends.begin(), ends.end());
  std::size_t from = 0;  // what lies before is settled
  for (const std::size_t end : ends) {
    from = std::max(from, end - std::min(end, width));
    re2::StringPiece found[2];
    while (from < end && refine.Match(whole, from, text.size(), RE2::UNANCHORED, found, groups)) {
      const auto begin = static_cast<std::size_t>(found[0].data() - text.data());
      if (begin >= end) break;
      const re2::StringPiece& value = found[groups - 1];
      from = begin + 1;
      if (value.empty() || !passes(pattern.check, {value.data(), value.size()})) continue;
      const auto at = static_cast<std::size_t>(value.data() - text.data());
      spans.push_back({at, at + value.size(), pattern.phi_class, pattern.score, Reason::kPattern,
                       pattern.rule});
      from = at + value.size();
    }
  }
}

}  // namespace residency::deid
