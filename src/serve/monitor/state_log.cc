#include "serve/monitor/state_log.h"

#include <cstdio>

#include "base/json.h"

namespace residency::serve {
namespace {

std::string segment_name(const std::string& log, std::int64_t segment) {
  char number[32];
  std::snprintf(number, sizeof number, "%08lld", static_cast<long long>(segment));
  return "log/" + log + "/" + number;
}

std::string index_name(const std::string& log) { return "log/" + log + "/index"; }

struct Index {
  std::int64_t first = 0;
  std::int64_t last = -1;
};

Result<Index> read_index(store::Workspace& workspace, const std::string& log) {
  RESIDENCY_TRY(const auto text, workspace.get_state(index_name(log)));
  if (!text) return Index{};
  RESIDENCY_TRY(const Json json, parse_json(*text));
  const Index index{json_integer(json, "first", -1), json_integer(json, "last", -1)};
  if (index.first < 0 || index.last < index.first)
    return corrupt("the index of a log is not readable: " + log);
  return index;
}

bool is_log_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.-") ==
             std::string_view::npos;
}

}  // namespace

Result<std::unique_ptr<StateLog>> StateLog::open(store::Workspace& workspace, std::string name,
                                                 const StateLogOptions& options) {
  if (!is_log_name(name)) return invalid_argument("is no name for a log: " + name);
  RESIDENCY_TRY(const Index index, read_index(workspace, name));
  std::unique_ptr<StateLog> log(new StateLog(workspace, std::move(name), options));
  log->first_ = index.first;
  log->segment_ = index.last + 1;
  return log;
}

StateLog::~StateLog() { static_cast<void>(flush()); }

Result<void> StateLog::append(std::string_view line) {
  if (line.size() > options_.line_bytes_max || line.find('\n') != std::string_view::npos)
    return invalid_argument("a line of a log is too long or has a line break");
  const std::lock_guard lock(mutex_);
  bytes_ += line;
  bytes_ += '\n';
  ++unflushed_;
  if (unflushed_ < options_.unflushed_max && bytes_.size() < options_.segment_bytes_max) return {};
  return flush_held();
}

Result<void> StateLog::flush() {
  const std::lock_guard lock(mutex_);
  return flush_held();
}

Result<void> StateLog::flush_held() {
  if (unflushed_ == 0) return {};
  RESIDENCY_TRY_VOID(workspace_.put_state(segment_name(name_, segment_), bytes_));
  RESIDENCY_TRY_VOID(
      workspace_.put_state(index_name(name_), dump_json({{"first", first_}, {"last", segment_}})));
  unflushed_ = 0;
  if (bytes_.size() < options_.segment_bytes_max) return {};
  bytes_.clear();
  ++segment_;
  while (segment_ - first_ > options_.segments_max)
    RESIDENCY_TRY_VOID(workspace_.remove_state(segment_name(name_, first_++)));
  return {};
}

Result<std::vector<std::string>> StateLog::read(store::Workspace& workspace,
                                                const std::string& name) {
  if (!is_log_name(name)) return invalid_argument("is no name for a log: " + name);
  RESIDENCY_TRY(const Index index, read_index(workspace, name));
  std::vector<std::string> lines;
  for (std::int64_t segment = index.first; segment <= index.last; ++segment) {
    RESIDENCY_TRY(const auto bytes, workspace.get_state(segment_name(name, segment)));
    if (!bytes) continue;  // removed since
    for (std::size_t begin = 0; begin < bytes->size();) {
      const std::size_t end = std::min(bytes->find('\n', begin), bytes->size());
      lines.push_back(bytes->substr(begin, end - begin));
      begin = end + 1;
    }
  }
  return lines;
}

Result<void> StateLog::remove(store::Workspace& workspace, const std::string& name) {
  if (!is_log_name(name)) return invalid_argument("is no name for a log: " + name);
  return workspace.remove_state("log/" + name + "/");
}

}  // namespace residency::serve
