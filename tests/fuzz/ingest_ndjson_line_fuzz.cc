// Any bytes as lines of JSON (the first byte chooses gzip and encoding): reading ends, and every
// line is accounted for.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "ingest/line_reader.h"
#include "ingest/table_reader.h"

namespace {

using namespace residency;

class Bytes final : public RandomAccessFile {
 public:
  explicit Bytes(std::string bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Result<std::string> read_at(std::uint64_t offset, std::size_t length) const override {
    return bytes_.substr(offset, length);
  }

 private:
  std::string bytes_;
};

class Nowhere final : public ingest::RecordSink, public ingest::QuarantineSink {
 public:
  Result<void> accept(const ingest::RawRecord&) override { return {}; }
  Result<void> reject(const ingest::QuarantineEntry&) override { return {}; }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool gzip = (data[0] & 1) != 0;
  std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto bytes = ingest::ByteReader::over(std::make_unique<Bytes>(std::move(text)), gzip, 1u << 22);
  RESIDENCY_CHECK(bytes.ok());
  Nowhere sink;
  ingest::Emitter emitter(sink, sink);
  ingest::SourceFile file;
  emitter.begin_file(file, "");
  ingest::SourceOptions source;
  if ((data[0] & 2) != 0) source.encoding = "windows-1252";
  ingest::IngestLimits limits;
  limits.line_bytes_max = 1024;
  const ingest::FhirIndex index;
  const ingest::PatientIndex patients(index);
  ingest::TableReader reader(source, limits, patients, emitter);
  const auto read = reader.jsonl(**bytes);
  RESIDENCY_CHECK(read.ok() || (gzip && reader.reading_failed()));
  RESIDENCY_CHECK(emitter.take_report().check().ok());
  return 0;
}
