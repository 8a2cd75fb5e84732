// Any bytes as a FHIR file: both readings end, and every unit is accounted for.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ingest/fhir_reader.h"

namespace {

using namespace residency;

class RoundTrip final : public ingest::RecordSink, public ingest::QuarantineSink {
 public:
  Result<void> accept(const ingest::RawRecord& record) override {
    RESIDENCY_CHECK(ingest::raw_record_from_json_line(ingest::to_json_line(record)).ok());
    return {};
  }
  Result<void> reject(const ingest::QuarantineEntry& entry) override {
    RESIDENCY_CHECK(ingest::quarantine_entry_from_json_line(ingest::to_json_line(entry)).ok());
    return {};
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ingest::FhirIndex index;
  ingest::index_fhir_document(text, index);
  index.finish();
  RoundTrip sink;
  ingest::Emitter emitter(sink, sink);
  ingest::SourceFile file;
  file.relative = "fuzz.json";
  ingest::IngestLimits limits;
  limits.text_bytes_max = 4096;
  emitter.begin_file(file, "");
  ingest::FhirReader reader(index, limits, emitter);
  RESIDENCY_CHECK(reader.document(text, 0).ok());
  const ingest::IngestReport report = emitter.take_report();
  RESIDENCY_CHECK(report.check().ok());
  RESIDENCY_CHECK(report.seen > 0);
  return 0;
}
