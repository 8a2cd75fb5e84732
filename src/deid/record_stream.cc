#include "deid/record_stream.h"

#include <utility>

namespace residency::deid {
namespace {

constexpr std::size_t kRecordsAheadMax = 4096;
constexpr std::size_t kBytesAheadMax = 64u << 20;

std::size_t bytes_of(const ingest::RawRecord& record) {
  return record.text.bytes() + record.structured.bytes();
}

}  // namespace

class RecordStream::Push final : public ingest::RecordSink {
 public:
  explicit Push(RecordStream& stream) : stream_(stream) {}
  Result<void> accept(const ingest::RawRecord& record) override {
    std::unique_lock lock(stream_.mutex_);
    stream_.changed_.wait(lock, [&] {
      return stream_.stopped_ ||
             (stream_.ahead_.size() < kRecordsAheadMax && stream_.bytes_ahead_ < kBytesAheadMax);
    });
    if (stream_.stopped_) return cancelled("the records are not wanted any more");
    stream_.bytes_ahead_ += bytes_of(record);
    stream_.ahead_.push_back(record);
    stream_.changed_.notify_all();
    return {};
  }

 private:
  RecordStream& stream_;
};

class RecordStream::Stop final : public Progress {
 public:
  explicit Stop(RecordStream& stream) : stream_(stream) {}
  void update(std::uint64_t, std::uint64_t, std::string_view, std::string_view) override {}
  bool cancelled() const override {
    const std::lock_guard lock(stream_.mutex_);
    return stream_.stopped_;
  }

 private:
  RecordStream& stream_;
};

RecordStream::RecordStream(Env& env, const ingest::IngestOptions& sources,
                           ingest::QuarantineSink& quarantine)
    : thread_([this, &env, &sources, &quarantine] { read(env, sources, quarantine); }) {}

RecordStream::~RecordStream() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void RecordStream::read(Env& env, const ingest::IngestOptions& sources,
                        ingest::QuarantineSink& quarantine) {
  Push push(*this);
  Stop stop(*this);
  auto report = ingest::run(env, sources, push, quarantine, stop);
  const std::lock_guard lock(mutex_);
  outcome_ = std::move(report);
  changed_.notify_all();
}

Result<bool> RecordStream::next(ingest::RawRecord& record) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !ahead_.empty() || outcome_.has_value(); });
  if (ahead_.empty()) {
    if (!outcome_->ok()) return outcome_->error();
    return false;
  }
  record = std::move(ahead_.front());
  ahead_.pop_front();
  bytes_ahead_ -= bytes_of(record);
  changed_.notify_all();
  return true;
}

Result<ingest::IngestReport> RecordStream::report() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return outcome_.has_value(); });
  return *outcome_;
}

}  // namespace residency::deid
