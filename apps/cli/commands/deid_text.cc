#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <iostream>
#include <memory>

#include "base/json.h"
#include "cli/command_line.h"
#include "cli/commands/deid_commands.h"
#include "cli/terminal_progress.h"
#include "deid/detect_phi.h"
#include "deid/text_run.h"

namespace residency::cli {
namespace {

constexpr std::size_t kInputBytesMax = 64u << 20;

struct TextOptions {
  CommonOptions common;
  std::string file = "-";
  std::string policy = "safe-harbor";
  bool lines = false;
  bool spans = false;
};

/// Takes the whole input as one text, or a JSON object from every line.
class Input final : public deid::TextSource {
 public:
  Input(std::istream& in, bool lines, std::string name)
      : in_(in), lines_(lines), name_(std::move(name)) {}

  Result<bool> next(deid::TextDocument& document) override {
    if (!lines_) {
      if (done_) return false;
      done_ = true;
      document.id = "text";
      return read_all(document.text);
    }
    std::string line;
    while (std::getline(in_, line)) {
      ++number_;
      if (line.size() > kInputBytesMax) return invalid_input(where("a line is too long"));
      if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
      const auto json = parse_json(line);
      if (!json.ok() || !json->is_object()) return invalid_input(where("no JSON object"));
      if (!json_member(*json, "text").is_string())
        return invalid_input(where("the field \"text\" is missing or no string"));
      document.id = json_text(*json, "id", std::to_string(number_));
      document.patient = json_text(*json, "patient");
      document.text = json_text(*json, "text");
      return true;
    }
    return false;
  }

 private:
  Result<bool> read_all(std::string& text) {
    std::string piece(1u << 16, '\0');
    while (in_.read(piece.data(), static_cast<std::streamsize>(piece.size())) || in_.gcount() > 0) {
      text.append(piece, 0, static_cast<std::size_t>(in_.gcount()));
      if (text.size() > kInputBytesMax) return invalid_input(where("longer than 64 MiB"));
    }
    return true;
  }
  std::string where(std::string_view what) const {
    return number_ == 0 ? fmt::format("{}: {}", name_, what)
                        : fmt::format("{}:{}: {}", name_, number_, what);
  }

  std::istream& in_;
  bool lines_;
  std::string name_;
  bool done_ = false;
  std::uint64_t number_ = 0;
};

class Output final : public deid::TextSink {
 public:
  explicit Output(bool lines) : lines_(lines) {}
  Result<void> clean(const std::string& id, const std::string& text) override {
    return put(lines_ ? dump_json({{"id", id}, {"text", text}}) + "\n" : text);
  }
  Result<void> set_aside(const std::string& id, const std::string& reason) override {
    if (lines_) return put(dump_json({{"id", id}, {"quarantined", reason}}) + "\n");
    fmt::print(stderr, "the text was set aside: {}\n", reason);
    return {};
  }

 private:
  Result<void> put(const std::string& bytes) {
    if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size())
      return io_error("standard output can't be written");
    return {};
  }
  bool lines_;
};

/// What was found in one text, without the text itself.
Result<void> print_spans(const deid::DetectorOptions& options, deid::TextSource& in, bool json) {
  RESIDENCY_TRY(const auto detector, deid::Detector::open(options));
  deid::TextDocument document;
  while (true) {
    RESIDENCY_TRY(const bool more, in.next(document));
    if (!more) return {};
    RESIDENCY_TRY(const auto entities, deid::detect_phi(*detector, document.text));
    Json list = Json::array();
    std::vector<std::vector<std::string>> rows;
    for (const deid::PhiEntity& entity : entities) {
      list.push_back({{"begin", entity.begin},
                      {"end", entity.end},
                      {"class", entity.phi_class},
                      {"score", entity.score},
                      {"why", entity.reason}});
      rows.push_back({std::to_string(entity.begin), std::to_string(entity.end),
                      std::string(entity.phi_class), fmt::format("{:.2f}", entity.score),
                      std::string(entity.reason)});
    }
    if (json)
      fmt::print("{}\n", dump_json({{"id", document.id}, {"spans", std::move(list)}}));
    else
      fmt::print("{}", render_table({"BEGIN", "END", "CLASS", "SCORE", "WHY"}, rows));
  }
}

int clean_text(const TextOptions& options) {
  std::ifstream file;
  if (options.file != "-") {
    file.open(options.file, std::ios::binary);
    if (!file) return fail(not_found("no such file: " + options.file), options.common.json);
  }
  Input in(options.file == "-" ? std::cin : file, options.lines,
           options.file == "-" ? "standard input" : options.file);
  auto settings = policy_options(options.policy);
  if (!settings.ok()) return fail(settings.error(), options.common.json);
  if (options.spans) {
    const auto printed = print_spans(settings->detector, in, options.common.json || options.lines);
    return printed.ok() ? 0 : fail(printed.error(), options.common.json);
  }
  TerminalProgress progress(options.common.quiet || !options.lines);
  progress.title("deid");
  Output out(options.lines);
  const auto report = deid::clean_texts(*settings, in, out, progress);
  if (!report.ok()) return fail(report.error(), options.common.json);
  if (options.common.json) {
    fmt::print(stderr, "{}\n", dump_json(report->to_json()));
  } else if (options.lines && !options.common.quiet) {
    fmt::print(stderr, "{} texts, {} clean, {} set aside\n", report->records, report->clean,
               report->quarantined);
  }
  return report->quarantined == 0 ? 0 : 1;
}

}  // namespace

Result<deid::DeidOptions> policy_options(const std::string& policy) {
  std::error_code ignored;
  Json config = Json::object();
  if (Env::posix().exists(policy))
    config["policy"]["file"] = std::filesystem::absolute(policy, ignored).string();
  else
    config["policy"]["preset"] = policy;
  RESIDENCY_TRY(const auto node, ConfigNode::parse(dump_json(config), "--policy"));
  return deid::DeidOptions::from_config(node);
}

void add_deid_text(CLI::App& app, Chosen& chosen) {
  auto* text = app.add_subcommand(
      "text", "de-identify a text, or a stream of JSON lines, without a workspace");
  const auto options = std::make_shared<TextOptions>();
  options->common.add_to(*text, false);
  text->add_option("file", options->file, "a file of UTF-8 text; - is standard input")
      ->capture_default_str();
  text->add_option("--policy", options->policy,
                   "safe-harbor, limited-data-set, expert-determination, or a policy file")
      ->capture_default_str();
  text->add_flag("--jsonl", options->lines,
                 "every line is an object with \"text\" and, where known, \"id\" and \"patient\"");
  text->add_flag("--spans", options->spans,
                 "print what was found (place, class, score, why), not the text");
  text->callback([options, &chosen] { chosen = [options] { return clean_text(*options); }; });
}

}  // namespace residency::cli
