#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "ingest/byte_reader.h"
#include "ingest/cda/reader.h"
#include "ingest/emitter.h"
#include "ingest/fhir_index.h"
#include "ingest/fhir_reader.h"
#include "ingest/hl7v2/reader.h"
#include "ingest/ingest.h"
#include "ingest/line_reader.h"
#include "ingest/patient_index.h"
#include "ingest/source_files.h"
#include "ingest/table_reader.h"

namespace residency::ingest {
namespace {

constexpr std::uint64_t kNoteReadBytesMax = 64ull << 20;

// The system's message names the path, which may hold a patient's name.
Error unreadable(const Error& error, const SourceFile& file) {
  return Error(error.code(), "cannot read source file: " + file.label);
}

/// Takes what the first reading of a roster would give.
class Nowhere final : public RecordSink, public QuarantineSink {
 public:
  Result<void> accept(const RawRecord&) override { return {}; }
  Result<void> reject(const QuarantineEntry&) override { return {}; }
};

class Run {
 public:
  Run(Env& env, const IngestOptions& options, Progress& progress, RecordSink& records,
      QuarantineSink& quarantine)
      : env_(env),
        options_(options),
        progress_(progress),
        emitter_(records, quarantine),
        patients_(index_),
        fhir_(index_, options.limits, emitter_) {}

  Result<IngestReport> go() {
    RESIDENCY_TRY(const SourceListing listing, list_sources(env_, options_));
    for (const SourceFile& file : listing.files) total_ += 2 * file.bytes;
    std::vector<std::string> digests;
    for (const SourceFile& file : listing.files) {
      RESIDENCY_TRY_VOID(tick(file, "reading patients"));
      RESIDENCY_TRY(std::string digest, survey(file));
      digests.push_back(std::move(digest));
    }
    index_.finish();
    for (std::size_t i = 0; i < listing.files.size(); ++i) {
      RESIDENCY_TRY_VOID(tick(listing.files[i], "reading records"));
      RESIDENCY_TRY_VOID(emit(listing.files[i], digests[i]));
    }
    progress_.update(total_, total_, "bytes", "reading records");
    emitter_.report().files_ignored = listing.ignored;
    emitter_.report().links_not_followed = listing.links_not_followed;
    emitter_.report().identifiers_dropped =
        index_.identifiers_dropped() + patients_.identifiers_dropped();
    IngestReport report = emitter_.take_report();
    RESIDENCY_TRY_VOID(report.check());
    return report;
  }

 private:
  Result<void> tick(const SourceFile& file, std::string_view what) {
    progress_.update(done_, total_, "bytes", what);
    done_ += file.bytes;
    if (progress_.cancelled()) return cancelled("ingest was cancelled");
    return {};
  }

  // First reading of a file: its digest, and what the index learns from it.
  Result<std::string> survey(const SourceFile& file) {
    auto opened = open(file);
    if (!opened.ok()) return unreadable(opened.error(), file);
    ByteReader& bytes = **opened;
    const SourceOptions& source = options_.sources[file.source];
    const bool fits = file.bytes <= options_.limits.bundle_bytes_max;
    if (is_whole(file.format)) {
      // What does not expand is set aside in the second reading.
      const auto text = fits ? whole(bytes, file) : Result<std::string>(std::string());
      if (!text.ok() && text.error().code() == ErrorCode::kIoError) return text.error();
      if (text.ok() && file.format == FileFormat::kFhirBundle) index_fhir_document(*text, index_);
      if (text.ok() && file.format == FileFormat::kHl7v2) index_hl7_file(*text, source, patients_);
      if (text.ok() && file.format == FileFormat::kCcda) index_cda_file(*text, patients_);
    } else if (source.roster) {
      RESIDENCY_TRY_VOID(survey_roster(file, bytes));
    } else if (file.format == FileFormat::kFhirNdjson) {
      LineReader lines(bytes, options_.limits.line_bytes_max);
      TextLine line;
      for (;;) {
        const auto more = lines.next(line);
        // Bad gzip bytes are set aside in the second reading.
        if (!more.ok() && more.error().code() == ErrorCode::kIoError) {
          return unreadable(more.error(), file);
        }
        if (!more.ok() || !more.value()) break;
        if (!line.too_long) index_fhir_document(line.text, index_);
        if (progress_.cancelled()) return cancelled("ingest was cancelled");
      }
    }
    auto digest = bytes.finish_sha256();
    if (!digest.ok()) return unreadable(digest.error(), file);
    return digest;
  }

  static bool is_whole(FileFormat format) {
    return format == FileFormat::kFhirBundle || format == FileFormat::kHl7v2 ||
           format == FileFormat::kCcda;
  }

  Result<void> survey_roster(const SourceFile& file, ByteReader& bytes) {
    Nowhere nowhere;
    Emitter scratch(nowhere, nowhere);
    scratch.begin_file(file, "");
    TableReader table(options_.sources[file.source], options_.limits, patients_, scratch,
                      &patients_);
    const auto read =
        file.format == FileFormat::kCsv ? table.csv(bytes, file.tabs) : table.jsonl(bytes);
    if (!read.ok() && read.error().code() == ErrorCode::kIoError)
      return unreadable(read.error(), file);
    return {};
  }

  Result<void> emit(const SourceFile& file, const std::string& digest) {
    emitter_.begin_file(file, digest);
    auto opened = open(file);
    if (!opened.ok()) return unreadable(opened.error(), file);
    ByteReader& bytes = **opened;
    if (bytes.file_bytes() == 0) {
      emitter_.unit();
      return emitter_.reject(QuarantineReason::kEmptyFile, 0, "", "holds no bytes", "");
    }
    const std::uint64_t before = emitter_.report().seen;
    RESIDENCY_TRY_VOID(emit_records(file, bytes));
    if (emitter_.report().seen == before) {
      emitter_.unit();
      RESIDENCY_TRY_VOID(
          emitter_.reject(QuarantineReason::kEmptyFile, 0, "", "holds no record", ""));
    }
    auto again = bytes.finish_sha256();
    if (!again.ok()) return unreadable(again.error(), file);
    if (again.value() != digest) {
      return failed_precondition("source file changed while it was read: " + file.label);
    }
    return {};
  }

  Result<void> emit_records(const SourceFile& file, ByteReader& bytes) {
    const SourceOptions& source = options_.sources[file.source];
    TableReader table(source, options_.limits, patients_, emitter_);
    switch (file.format) {
      case FileFormat::kFhirBundle:
      case FileFormat::kHl7v2:
      case FileFormat::kCcda:
        return emit_whole(file, bytes);
      case FileFormat::kFhirNdjson:
        return emit_ndjson(file, bytes);
      case FileFormat::kCsv:
        return settle(table, table.csv(bytes, file.tabs), file);
      case FileFormat::kJsonl:
        return settle(table, table.jsonl(bytes), file);
      case FileFormat::kNote:
      case FileFormat::kHtmlNote:
        break;
    }
    if (bytes.file_bytes() > kNoteReadBytesMax)
      return too_large(bytes, options_.limits.text_bytes_max);
    RESIDENCY_TRY(const std::string text, whole(bytes, file));
    return table.note(text, file.format == FileFormat::kHtmlNote);
  }

  Result<void> emit_whole(const SourceFile& file, ByteReader& bytes) {
    if (bytes.file_bytes() > options_.limits.bundle_bytes_max) {
      return too_large(bytes, options_.limits.bundle_bytes_max);
    }
    auto text = whole(bytes, file);
    if (!text.ok()) return bad_stream(text.error(), file);
    if (file.format == FileFormat::kFhirBundle) return fhir_.document(*text, 0);
    if (file.format == FileFormat::kCcda)
      return CdaReader(options_.limits, index_, patients_, emitter_).file(*text);
    return Hl7Reader(options_.sources[file.source], options_.limits, index_, patients_, emitter_)
        .file(*text);
  }

  Result<void> emit_ndjson(const SourceFile& file, ByteReader& bytes) {
    LineReader lines(bytes, options_.limits.line_bytes_max);
    for (TextLine line;;) {
      auto more = lines.next(line);
      if (!more.ok()) return bad_stream(more.error(), file);
      if (!more.value()) return {};
      if (progress_.cancelled()) return cancelled("ingest was cancelled");
      if (line.too_long) {
        emitter_.unit();
        RESIDENCY_TRY_VOID(
            emitter_.reject(QuarantineReason::kTooLarge, line.number, "",
                            fmt::format("is longer than {} bytes", options_.limits.line_bytes_max),
                            line.text, "", line.bytes));
      } else {
        RESIDENCY_TRY_VOID(fhir_.document(line.text, line.number));
      }
    }
  }

  Result<void> settle(const TableReader& table, Result<void> result, const SourceFile& file) {
    if (result.ok() || !table.reading_failed()) return result;
    return bad_stream(result.error(), file);
  }

  // The rest of a file whose bytes cannot be expanded is set aside as one unit.
  Result<void> bad_stream(const Error& error, const SourceFile& file) {
    if (error.code() == ErrorCode::kIoError || !file.gzip) return unreadable(error, file);
    emitter_.unit();
    return emitter_.reject(error.code() == ErrorCode::kResourceExhausted
                               ? QuarantineReason::kTooLarge
                               : QuarantineReason::kBadGzip,
                           0, "", error.message(), "");
  }

  Result<void> too_large(ByteReader& bytes, std::uint64_t limit) {
    std::string head;
    RESIDENCY_TRY([[maybe_unused]] const bool any, bytes.next(head));
    emitter_.unit();
    return emitter_.reject(QuarantineReason::kTooLarge, 0, "",
                           fmt::format("is longer than {} bytes", limit), head, "",
                           bytes.file_bytes());
  }

  Result<std::unique_ptr<ByteReader>> open(const SourceFile& file) {
    return ByteReader::open(env_, file.path, file.gzip, options_.limits.expanded_bytes_max);
  }

  static Result<std::string> whole(ByteReader& bytes, const SourceFile& file) {
    std::string text;
    text.reserve(bytes.file_bytes());
    for (;;) {
      auto more = bytes.next(text);
      if (!more.ok() && (more.error().code() == ErrorCode::kIoError || !file.gzip))
        return unreadable(more.error(), file);
      if (!more.ok()) return more.error();
      if (!more.value()) return text;
    }
  }

  Env& env_;
  const IngestOptions& options_;
  Progress& progress_;
  FhirIndex index_;
  Emitter emitter_;
  PatientIndex patients_;
  FhirReader fhir_;
  std::uint64_t total_ = 0;
  std::uint64_t done_ = 0;
};

}  // namespace

Result<IngestReport> run(Env& env, const IngestOptions& options, RecordSink& records,
                         QuarantineSink& quarantine, Progress& progress) {
  Run ingest_run(env, options, progress, records, quarantine);
  return ingest_run.go();
}

}  // namespace residency::ingest
