#include "cli/command_line.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fmt/format.h>
#include <unistd.h>

namespace residency::cli {

void CommonOptions::add_to(CLI::App& app, bool with_workspace) {
  if (with_workspace) {
    const char* from_environment = std::getenv("RESIDENCY_WORKSPACE");
    workspace = from_environment != nullptr ? from_environment : ".residency";
    app.add_option("-w,--workspace", workspace, "the workspace's folder")->capture_default_str();
  }
  app.add_flag("--json", json, "print the result as JSON on standard output");
  app.add_flag("-q,--quiet", quiet, "no progress");
}

std::optional<int> parse(CLI::App& app, const std::vector<std::string>& words) {
  try {
    std::vector<std::string> reversed(words.rbegin(), words.rend());  // as CLI11 wants them
    app.parse(reversed);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    const bool wrong = error.get_exit_code() != 0;
    app.exit(error);
    return wrong ? 2 : 0;
  }
}

int fail(const Error& error, bool json) {
  const ErrorTraits& row = traits(error.code());
  if (json) {
    print_json({{"error",
                 {{"code", std::string(row.name)},
                  {"message", error.message()},
                  {"retryable", row.retryable}}}});
  }
  fmt::print(stderr, "error: {}\n", error.message());
  return row.exit_code;
}

void print_json(const Json& value) {
  fmt::print("{}\n", value.dump(2, ' ', false, Json::error_handler_t::replace));
}

std::string render_table(const std::vector<std::string>& headers,
                         const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const std::string& header : headers) widths.push_back(header.size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string text;
  const auto add = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t i = 0; i < cells.size() && i < widths.size(); ++i) {
      line += fmt::format("{:<{}}  ", cells[i], widths[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  };
  add(headers);
  for (const auto& row : rows) add(row);
  return text;
}

Result<std::unique_ptr<store::Workspace>> open_workspace(const CommonOptions& common) {
  return store::Workspace::open(Env::posix(), common.workspace);
}

std::string program_path() {
  std::array<char, 4096> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  return length > 0 ? std::string(path.data(), static_cast<std::size_t>(length)) : "residency";
}

}  // namespace residency::cli
