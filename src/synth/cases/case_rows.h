// Rows of the tables that cases are made from, and the text of one case.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "synth/grammar.h"

namespace residency::synth {

/// A line of a table with tabs between its fields.
struct CaseRow {
  std::string where;  // "name:line"
  std::vector<std::string> fields;
};

/// The lines of `table` that are no comments, each of `width` fields; errors name table and line.
Result<std::vector<CaseRow>> parse_case_rows(std::string_view table, std::string_view name,
                                             std::size_t width);

/// "20-85": both whole numbers, the first not above the second.
Result<std::pair<int, int>> parse_case_range(const CaseRow& row, std::size_t field);

/// The field as a template; "-" is an empty one.
Result<Template> parse_case_template(const CaseRow& row, std::size_t field);

/// Writes templates whose slots are {name}, set before, or drawn once and then the same: {mm:4-9} a
/// number, {side:left/right} a word.
class CaseText final : public TemplateSink {
 public:
  explicit CaseText(Random& random) : random_(random) {}

  void set(std::string name, std::string value) { values_[std::move(name)] = std::move(value); }
  std::string write(const Grammar& grammar, const Template& parts);
  std::string write(const Grammar& grammar, std::string_view rule);
  /// A slot was written that was neither set nor says what to draw: a mistake in a table.
  bool missed_a_slot() const { return missed_; }

  void text(std::string_view text) override { out_ += text; }
  void slot(std::string_view name, std::string_view argument) override;
  std::size_t position() override { return out_.size(); }
  void capitalise_at(std::size_t position) override;

 private:
  std::string draw(std::string_view argument);

  Random& random_;
  std::map<std::string, std::string, std::less<>> values_;
  std::string out_;
  bool missed_ = false;
};

/// One case: the line that a model learns from, and why it is as it is.
struct MadeCase {
  Json line;
  Json truth;  // id, label, rule, facts
  bool missed_a_slot = false;
};

}  // namespace residency::synth
