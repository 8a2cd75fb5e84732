#include "deid/text_run.h"

#include <deque>
#include <fmt/format.h>
#include <mutex>

#include "crypto/random.h"

namespace residency::deid {
namespace {

constexpr std::size_t kSecretBytes = 32;

/// Texts as records; keeps the ids of those that are under way, for records answer in order.
class RecordsOfTexts final : public RawSource {
 public:
  explicit RecordsOfTexts(TextSource& in) : in_(in) {}
  Result<bool> next(ingest::RawRecord& record) override {
    TextDocument document;
    RESIDENCY_TRY(const bool more, in_.next(document));
    if (!more) return false;
    record = {};
    // The caller's id may itself identify: it stays here.
    record.record_id = fmt::format("r-{:016x}", ++number_);
    record.patient_key = ingest::PhiText(std::move(document.patient));
    record.kind = ingest::RecordKind::kNote;
    record.text = ingest::PhiText(std::move(document.text));
    const std::lock_guard lock(mutex_);
    ids_.push_back(std::move(document.id));
    return true;
  }
  std::string take_id() {
    const std::lock_guard lock(mutex_);
    std::string id = std::move(ids_.front());
    ids_.pop_front();
    return id;
  }

 private:
  TextSource& in_;
  std::uint64_t number_ = 0;
  std::mutex mutex_;  // next() runs ahead on a thread of its own
  std::deque<std::string> ids_;
};

class TextsOfRecords final : public CleanSink, public DeidQuarantineSink {
 public:
  TextsOfRecords(RecordsOfTexts& source, TextSink& out) : source_(source), out_(out) {}
  Result<void> accept(const CleanRecord& record) override {
    return out_.clean(source_.take_id(), record.text.str());
  }
  Result<void> reject(const DeidQuarantineEntry& entry) override {
    return out_.set_aside(source_.take_id(), entry.reason);
  }

 private:
  RecordsOfTexts& source_;
  TextSink& out_;
};

}  // namespace

Result<DeidReport> clean_texts(const DeidOptions& options, TextSource& in, TextSink& out,
                               Progress& progress) {
  RESIDENCY_TRY(auto secret, crypto::random_bytes(kSecretBytes));
  RESIDENCY_TRY(auto crosswalk, Crosswalk::open(std::move(secret), ""));
  RecordsOfTexts records(in);
  TextsOfRecords texts(records, out);
  return run(options, crosswalk, records, texts, texts, progress);
}

}  // namespace residency::deid
