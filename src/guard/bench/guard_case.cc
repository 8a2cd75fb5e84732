#include "guard/bench/guard_case.h"

#include <fmt/format.h>
#include <sstream>

#include "base/json.h"

namespace residency::guard {
namespace {

constexpr std::uint64_t kCaseFileBytesMax = 256u << 20;

Result<void> set_field(GuardCase& one, std::string_view key, const std::string& value) {
  if (key == "expect") {
    if (value != "block" && value != "allow" && value != "mask" && value != "detect")
      return invalid_input("expect must be block, mask, detect or allow");
    one.harmful = value != "allow";
  } else if (key == "policy") {
    one.policy = value;
  } else if (key == "category") {
    one.category = value;
  } else if (key == "mode") {
    if (value != "clinician" && value != "patient")
      return invalid_input("mode must be clinician or patient");
    one.mode = value == "patient" ? Mode::kPatient : Mode::kClinician;
  } else if (key == "direction") {
    if (value != "input" && value != "output")
      return invalid_input("direction must be input or output");
    one.direction = value == "output" ? Direction::kOutput : Direction::kInput;
  } else if (key == "source") {
    one.conversation.sources = {value};
  } else if (key == "query") {
    one.conversation.query = value;
    one.conversation.turns.push_back({"user", value});
  } else {
    return invalid_input("no such key: " + std::string(key));
  }
  return {};
}

Result<void> add_context(GuardCase& one, const Json& context) {
  if (context.is_string()) {
    one.conversation.turns.push_back({"user", context.get<std::string>()});
    return {};
  }
  if (!context.is_array()) return invalid_input("context must be a text or a list of turns");
  for (const Json& turn : context)
    one.conversation.turns.push_back({json_text(turn, "role", "user"), json_text(turn, "content")});
  return {};
}

Result<GuardCase> case_of(const Json& json) {
  GuardCase one;
  if (!json.is_object()) return invalid_input("a case must be an object");
  for (const auto& [key, value] : json.items()) {
    if (key == "text") {
      one.text = json_text(json, "text");
    } else if (key == "context") {
      RESIDENCY_TRY_VOID(add_context(one, value));
    } else if (key == "source" && value.is_array()) {
      for (const Json& source : value)
        one.conversation.sources.push_back(source.is_string() ? source.get<std::string>() : "");
    } else if (key == "gone" && value.is_array()) {
      for (const Json& gone : value) {
        if (gone.is_string()) one.gone.push_back(gone.get<std::string>());
      }
    } else if (key == "id" || key == "comment") {
      continue;
    } else if (!value.is_string()) {
      return invalid_input("must be a text: " + key);
    } else {
      RESIDENCY_TRY_VOID(set_field(one, key, value.get<std::string>()));
    }
  }
  if (one.text.empty()) return invalid_input("text is missing");
  return one;
}

/// "@ expect=block policy=content.hate" into `frame`; a value in quotes may hold blanks.
Result<void> read_frame(std::string_view line, GuardCase& frame) {
  frame = {};
  line.remove_prefix(1);
  while (true) {
    while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
    if (line.empty()) return {};
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return invalid_input("after @ stand key=value pairs");
    const std::string_view key = line.substr(0, equals);
    line.remove_prefix(equals + 1);
    const bool quoted = !line.empty() && line.front() == '"';
    if (quoted) line.remove_prefix(1);
    const std::size_t end = std::min(line.find(quoted ? '"' : ' '), line.size());
    RESIDENCY_TRY_VOID(set_field(frame, key, std::string(line.substr(0, end))));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
}

}  // namespace

Result<std::vector<GuardCase>> parse_cases(std::string_view text, const std::string& file) {
  std::vector<GuardCase> cases;
  GuardCase frame;
  std::istringstream lines{std::string(text)};
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    const std::string where = fmt::format("{}:{}", file, number);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() || line.front() == '#') {
      // "###" begins some texts that pretend to be a system's.
      if (!line.starts_with("###")) continue;
    }
    if (line.front() == '@') {
      if (auto read = read_frame(line, frame); !read.ok()) return read.error().with_context(where);
      continue;
    }
    GuardCase one = frame;
    if (line.front() == '{') {
      const auto json = parse_json(line);
      if (!json.ok()) return json.error().with_context(where);
      auto made = case_of(*json);
      if (!made.ok()) return made.error().with_context(where);
      one = std::move(made).value();
    } else {
      one.text = line;
    }
    one.where = where;
    cases.push_back(std::move(one));
  }
  return cases;
}

Result<std::vector<GuardCase>> read_cases(Env& env, const std::string& path) {
  const auto listed = env.list(path);
  if (!listed.ok()) {
    RESIDENCY_TRY(const std::string text, env.read_file(path, kCaseFileBytesMax));
    return parse_cases(text, path);
  }
  std::vector<GuardCase> all;
  for (const DirEntry& entry : *listed) {
    if (entry.is_directory || !(entry.name.ends_with(".txt") || entry.name.ends_with(".jsonl")))
      continue;
    RESIDENCY_TRY(auto some, read_cases(env, path + "/" + entry.name));
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  if (all.empty()) return not_found("no cases (.txt, .jsonl) in the folder: " + path);
  return all;
}

}  // namespace residency::guard
