#include "audit/audit_log.h"

#include <chrono>
#include <deque>
#include <fmt/format.h>
#include <thread>

#include "audit/checkpoint.h"
#include "audit/event_line.h"
#include "crypto/secret.h"
#include "crypto/sha256.h"

namespace residency::audit {
namespace {

constexpr auto kLockWait = std::chrono::seconds(10);
constexpr std::size_t kLogBytesMax = std::size_t{8} << 30;

struct Damage {
  std::uint64_t seq = 0;
  std::string kind;
};

class FileAuditLog final : public AuditLog {
 public:
  FileAuditLog(store::Workspace& workspace, std::string line_key, crypto::Secret seed)
      : workspace_(workspace),
        env_(workspace.env()),
        folder_(workspace.root() + "/audit"),
        line_key_(std::move(line_key)),
        seed_(std::move(seed)) {}

  Result<std::uint64_t> append(const Event& event) override {
    RESIDENCY_TRY_VOID(validate(event));
    RESIDENCY_TRY(const auto lock, wait_for_lock());
    RESIDENCY_TRY(Checkpoint checkpoint, read_checkpoint());
    RESIDENCY_TRY_VOID(take_up_tail(checkpoint));
    const LineLinks links{checkpoint.tree.size() + 1, checkpoint.head};
    const std::string line = encode_line(event, links, format_utc(env_.now_unix_ms()), line_key_);
    RESIDENCY_TRY(auto file, env_.open_append(log_path()));
    RESIDENCY_TRY_VOID(file->append(line + "\n"));
    RESIDENCY_TRY_VOID(file->sync());
    RESIDENCY_TRY_VOID(file->close());
    cover(checkpoint, line);
    RESIDENCY_TRY_VOID(write_checkpoint(checkpoint));
    return links.seq;
  }

  Result<VerifyReport> verify() override {
    RESIDENCY_TRY(const auto lock, wait_for_lock());
    VerifyReport report;
    auto checkpoint = read_checkpoint();
    if (!checkpoint.ok()) {
      if (checkpoint.error().code() != ErrorCode::kCorrupt &&
          checkpoint.error().code() != ErrorCode::kInvalidInput)
        return checkpoint.error();
      report.damage = "signature";
      return report;
    }
    RESIDENCY_TRY(const std::string log, read_log());
    RESIDENCY_TRY(const auto recorded, recorded_size());
    const Damage damage = walk(log, *checkpoint, recorded, report.events);
    report.intact = damage.kind.empty();
    report.damage = damage.kind;
    report.first_bad_seq = damage.seq;
    return report;
  }

  Result<std::vector<std::string>> tail(std::size_t limit) override {
    RESIDENCY_TRY(const std::string log, read_log());
    std::deque<std::string> newest;
    for (std::size_t at = 0; at < log.size();) {
      const auto end = std::min(log.find('\n', at), log.size());
      newest.push_back(log.substr(at, end - at));
      if (newest.size() > limit) newest.pop_front();
      at = end + 1;
    }
    return std::vector<std::string>(newest.begin(), newest.end());
  }

 private:
  std::string log_path() const { return folder_ + "/log-000001.jsonl"; }
  std::string checkpoint_path() const { return folder_ + "/checkpoint.json"; }

  Result<std::unique_ptr<FileLock>> wait_for_lock() {
    const auto give_up = std::chrono::steady_clock::now() + kLockWait;
    while (true) {
      auto lock = env_.lock(folder_ + "/lock");
      const bool held = !lock.ok() && lock.error().code() == ErrorCode::kFailedPrecondition;
      if (!held || std::chrono::steady_clock::now() > give_up) return lock;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  Result<std::string> read_log() {
    if (!env_.exists(log_path())) return std::string();
    return env_.read_file(log_path(), kLogBytesMax);
  }

  Result<Checkpoint> read_checkpoint() {
    if (!env_.exists(checkpoint_path())) return Checkpoint::empty();
    RESIDENCY_TRY(const std::string text, env_.read_file(checkpoint_path(), 1u << 20));
    return decode(text, seed_);
  }

  static void cover(Checkpoint& checkpoint, const std::string& line) {
    checkpoint.tree.add(line);
    checkpoint.head = crypto::sha256_hex(line);
    checkpoint.bytes += line.size() + 1;
  }

  Result<void> write_checkpoint(const Checkpoint& checkpoint) {
    RESIDENCY_TRY(const std::string text, encode(checkpoint, seed_));
    RESIDENCY_TRY_VOID(env_.write_file_atomic(checkpoint_path(), text));
    // The database knows the size too, so that log and checkpoint cannot both be put back to an
    // older pair unseen.
    return workspace_.put_record("audit", "head",
                                 {{"size", checkpoint.tree.size()}, {"head", checkpoint.head}});
  }

  Result<std::uint64_t> recorded_size() {
    RESIDENCY_TRY(const auto record, workspace_.get_record("audit", "head"));
    return record ? static_cast<std::uint64_t>(json_integer(*record, "size")) : std::uint64_t{0};
  }

  /// A writer that died between the log and the checkpoint left at most one line: a whole one with
  /// its code is covered now, a torn one (nobody was told it is durable) is cut off.
  Result<void> take_up_tail(Checkpoint& checkpoint) {
    RESIDENCY_TRY(const std::uint64_t recorded, recorded_size());
    if (recorded > checkpoint.tree.size())
      return corrupt("the audit log was put back to an older state: run residency audit verify");
    if (!env_.exists(log_path())) {
      if (checkpoint.bytes == 0) return {};
      return corrupt("the audit log is gone: run residency audit verify");
    }
    RESIDENCY_TRY(const auto file, env_.open_read(log_path()));
    if (file->size() < checkpoint.bytes)
      return corrupt("the audit log is cut short: run residency audit verify");
    if (file->size() == checkpoint.bytes) return {};
    RESIDENCY_TRY(const std::string extra,
                  file->read_at(checkpoint.bytes, file->size() - checkpoint.bytes));
    if (extra.find('\n') == std::string::npos) {
      RESIDENCY_TRY(const std::string kept, file->read_at(0, checkpoint.bytes));
      return env_.write_file_atomic(log_path(), kept);
    }
    const std::string line = extra.substr(0, extra.size() - 1);
    auto links = check_line(line, line_key_);
    const bool next =
        links.ok() && links->seq == checkpoint.tree.size() + 1 && links->prev == checkpoint.head;
    if (!next) return corrupt("the audit log was changed: run residency audit verify");
    cover(checkpoint, line);
    return write_checkpoint(checkpoint);
  }

  /// Walks every line; the damage found first, or none.
  Damage walk(const std::string& log, const Checkpoint& checkpoint, std::uint64_t recorded,
              std::uint64_t& events) const {
    Checkpoint walked = Checkpoint::empty();
    bool covered = checkpoint.tree.size() == 0;
    for (std::size_t at = 0; at < log.size();) {
      const auto end = log.find('\n', at);
      const std::uint64_t seq = walked.tree.size() + 1;
      if (end == std::string::npos) {
        // After the last covered line it is a torn write of a process that died.
        if (covered && walked.tree.size() == checkpoint.tree.size()) break;
        return {seq, "edited"};
      }
      const std::string line = log.substr(at, end - at);
      const auto links = check_line(line, line_key_);
      if (!links.ok()) return {seq, "edited"};
      if (links->seq != seq || links->prev != walked.head) return {seq, "reordered"};
      cover(walked, line);
      at = end + 1;
      if (walked.tree.size() == checkpoint.tree.size()) {
        covered = true;
        const bool same = walked.head == checkpoint.head && walked.bytes == checkpoint.bytes &&
                          walked.tree.root() == checkpoint.tree.root();
        if (!same) return {seq, "signature"};
      }
    }
    events = walked.tree.size();
    if (!covered || walked.tree.size() < recorded) return {walked.tree.size() + 1, "cut"};
    if (walked.tree.size() > checkpoint.tree.size() + 1)
      return {checkpoint.tree.size() + 1, "signature"};
    return {};
  }

  store::Workspace& workspace_;
  Env& env_;
  std::string folder_;
  std::string line_key_;
  crypto::Secret seed_;
};

}  // namespace

Result<std::unique_ptr<AuditLog>> AuditLog::open(store::Workspace& workspace) {
  RESIDENCY_TRY(std::string line_key, workspace.secret("audit lines"));
  RESIDENCY_TRY(std::string seed, workspace.secret("audit signature"));
  return std::unique_ptr<AuditLog>(std::make_unique<FileAuditLog>(workspace, std::move(line_key),
                                                                  crypto::Secret(std::move(seed))));
}

}  // namespace residency::audit
