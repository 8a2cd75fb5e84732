// RecordStream: ingest's records, which it pushes, as a source to pull from.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "base/env.h"
#include "deid/deid.h"
#include "ingest/ingest.h"

namespace residency::deid {

/// Reads the sources on a thread of its own, a bounded number of records ahead.
class RecordStream final : public RawSource {
 public:
  /// `quarantine` takes what ingest sets aside, on the stream's thread; both must outlive this.
  RecordStream(Env& env, const ingest::IngestOptions& sources, ingest::QuarantineSink& quarantine);
  ~RecordStream() override;
  RecordStream(const RecordStream&) = delete;
  RecordStream& operator=(const RecordStream&) = delete;

  Result<bool> next(ingest::RawRecord& record) override;
  /// What was read; after next() has given false.
  Result<ingest::IngestReport> report();

 private:
  class Push;
  class Stop;
  void read(Env& env, const ingest::IngestOptions& sources, ingest::QuarantineSink& quarantine);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<ingest::RawRecord> ahead_;
  std::size_t bytes_ahead_ = 0;
  bool stopped_ = false;
  std::optional<Result<ingest::IngestReport>> outcome_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace residency::deid
