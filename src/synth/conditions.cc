#include <charconv>
#include <fmt/format.h>

#include "synth/tables.h"

namespace residency::synth {
namespace {

// One value of a block's var=: what '#', '<side>' and '<S>' stand for.
struct Variant {
  std::string code;
  std::string word;
  std::string brief;
};

std::string replaced(std::string_view text, std::string_view what, std::string_view with) {
  std::string out;
  for (std::size_t at = 0;;) {
    const auto found = text.find(what, at);
    out += text.substr(at, found - at);
    if (found == std::string_view::npos) return out;
    out += with;
    at = found + what.size();
  }
}

std::string in_variant(std::string_view text, const Variant& variant) {
  std::string out = replaced(text, "<v>", variant.word);
  return replaced(out, "<b>", variant.brief.empty() ? variant.word : variant.brief);
}

Result<int> to_int(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return invalid_input("not a number");
  return value;
}

Result<double> to_double(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return invalid_input("not a number");
  return value;
}

Result<void> add_templates(std::string_view text, std::vector<Template>& to) {
  for (const std::string& field : split_fields(text, '|')) {
    RESIDENCY_TRY(auto parts, parse_template(field));
    to.push_back(std::move(parts));
  }
  return {};
}

Result<void> read_head(std::string_view head, const Variant& variant, Condition& condition) {
  for (const std::string& word : split_fields(head, ' ')) {
    if (word.empty()) continue;
    const auto equals = word.find('=');
    const std::string key = word.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (equals == std::string::npos && word == "chronic") {
      condition.chronic = true;
    } else if (equals == std::string::npos) {
      condition.codes.push_back(
          replaced(word[0] == '+' ? word.substr(1) : word, "#", variant.code));
    } else if (key == "g") {
      condition.groups = split_fields(value, ',');
    } else if (key == "sex") {
      condition.sex = value.empty() ? 'a' : value[0];
    } else if (key == "age") {
      const auto dash = value.find('-');
      if (dash == std::string::npos) return invalid_input("age is not LOW-HIGH");
      RESIDENCY_TRY(condition.age_low, to_int(std::string_view(value).substr(0, dash)));
      RESIDENCY_TRY(condition.age_high, to_int(std::string_view(value).substr(dash + 1)));
    } else if (key == "in") {
      condition.settings = value;
    } else if (key == "w") {
      RESIDENCY_TRY(condition.weight, to_int(value));
    } else if (key == "snomed") {
      condition.snomed = value;
    } else if (key != "var") {
      return invalid_input("unknown key: " + key);
    }
  }
  if (condition.codes.empty()) return invalid_input("block without a code");
  return {};
}

Result<void> read_labs(std::string_view text, std::vector<LabRange>& labs) {
  for (const std::string& field : split_fields(text, ',')) {
    const auto space = field.find(' ');
    const auto dash = field.find('-', space == std::string::npos ? 0 : space);
    if (space == std::string::npos || dash == std::string::npos) {
      return invalid_input("lab is not NAME LOW-HIGH");
    }
    const std::string_view view(field);
    LabRange range;
    range.lab = field.substr(0, space);
    RESIDENCY_TRY(range.low, to_double(view.substr(space + 1, dash - space - 1)));
    RESIDENCY_TRY(range.high, to_double(view.substr(dash + 1)));
    labs.push_back(std::move(range));
  }
  return {};
}

Result<void> read_line(char kind, const std::string& text, Condition& condition) {
  switch (kind) {
    case 'p':
      return add_templates(text, condition.phrases);
    case 'y':
      return add_templates(text, condition.symptoms);
    case 'f':
      return add_templates(text, condition.findings);
    case 't':
      return add_templates(text, condition.plans);
    case 'l':
      return read_labs(text, condition.labs);
    case 'm':
      condition.drugs = split_fields(text, ',');
      return {};
    case 'x':
      condition.procedures = split_fields(text, ',');
      return {};
    case 'r': {
      const auto tilde = text.find('~');
      if (tilde == std::string::npos) return invalid_input("imaging is not STUDY ~ FINDING");
      Imaging imaging;
      imaging.study = split_fields(text.substr(0, tilde), '~').front();
      RESIDENCY_TRY(imaging.finding,
                    parse_template(split_fields(text.substr(tilde + 1), '~').front()));
      condition.imaging.push_back(std::move(imaging));
      return {};
    }
    default:
      return invalid_input("unknown line of a block");
  }
}

std::vector<Variant> read_variants(std::string_view head) {
  std::vector<Variant> variants;
  for (const std::string& word : split_fields(head, ' ')) {
    if (!word.starts_with("var=")) continue;
    for (const std::string& item : split_fields(std::string_view(word).substr(4), ',')) {
      auto fields = split_fields(item, ':');
      fields.resize(3);
      // Words of a variant are written with '_' for the space that would end them.
      variants.push_back({fields[0], replaced(fields[1], "_", " "), replaced(fields[2], "_", " ")});
    }
  }
  if (variants.empty()) variants.emplace_back();
  return variants;
}

struct Block {
  std::size_t number = 0;
  std::string head;
  std::vector<std::string> lines;
};

Result<Condition> read_block(const Block& block, const Variant& variant) {
  Condition condition;
  const auto read = [&]() -> Result<void> {
    RESIDENCY_TRY_VOID(read_head(block.head, variant, condition));
    for (const std::string& line : block.lines) {
      RESIDENCY_TRY_VOID(read_line(line[0], in_variant(line.substr(2), variant), condition));
    }
    if (condition.phrases.size() < 4) return invalid_input("fewer than four phrases");
    if (condition.symptoms.empty() || condition.findings.empty() || condition.plans.empty()) {
      return invalid_input("no symptom, finding or plan");
    }
    return {};
  };
  if (auto done = read(); !done.ok()) {
    return std::move(done).error().with_context(fmt::format("conditions.txt:{}", block.number));
  }
  return condition;
}

}  // namespace

std::vector<std::string> split_fields(std::string_view line, char separator) {
  std::vector<std::string> fields;
  int depth = 0;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= line.size(); ++i) {
    if (i < line.size() && (line[i] == '[' || line[i] == '{')) ++depth;
    if (i < line.size() && (line[i] == ']' || line[i] == '}')) --depth;
    if (i < line.size() && (line[i] != separator || depth > 0)) continue;
    std::size_t from = start;
    std::size_t to = i;
    while (from < to && line[from] == ' ') ++from;
    while (to > from && line[to - 1] == ' ') --to;
    fields.emplace_back(line.substr(from, to - from));
    start = i + 1;
  }
  return fields;
}

Result<std::vector<Condition>> parse_conditions(std::string_view text) {
  std::vector<Block> blocks;
  std::size_t number = 0;
  for (const std::string& line : split_fields(replaced(text, "\r", ""), '\n')) {
    ++number;
    if (line.empty() || line[0] == '#') continue;
    if (line[0] == '@') {
      blocks.push_back({number, line.substr(1), {}});
    } else if (blocks.empty() || line.size() < 3 || line[1] != ' ') {
      return invalid_input(fmt::format("line outside a block: conditions.txt:{}", number));
    } else {
      blocks.back().lines.push_back(line);
    }
  }
  std::vector<Condition> conditions;
  for (const Block& block : blocks) {
    for (const Variant& variant : read_variants(block.head)) {
      RESIDENCY_TRY(auto condition, read_block(block, variant));
      conditions.push_back(std::move(condition));
    }
  }
  return conditions;
}

}  // namespace residency::synth
