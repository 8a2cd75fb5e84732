#include "deid/folder_run.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <utility>

#include "crypto/random.h"
#include "deid/record_stream.h"
#include "deid/survey.h"
#include "ingest/safe_file_label.h"

namespace residency::deid {
namespace {

constexpr std::size_t kSecretBytes = 32;

/// The files of the output folder, each made when the first line comes.
class OutputFolder {
 public:
  OutputFolder(Env& env, std::string path) : env_(env), path_(std::move(path)) {}

  Result<void> line(const std::string& name, std::string_view text) {
    RESIDENCY_TRY(WritableFile * file, this->file(name));
    RESIDENCY_TRY_VOID(file->append(text));
    return text.ends_with('\r') ? Result<void>() : file->append("\n");
  }
  Result<void> whole(const std::string& name, std::string_view text) {
    if (name.find('/') != std::string::npos)
      RESIDENCY_TRY_VOID(env_.make_directories(path_ + "/" + name.substr(0, name.rfind('/'))));
    return env_.write_file_atomic(path_ + "/" + name, text);
  }
  Result<void> close() {
    for (auto& [name, file] : files_) {
      RESIDENCY_TRY_VOID(file->sync());
      RESIDENCY_TRY_VOID(file->close());
    }
    files_.clear();
    return env_.sync_directory(path_);
  }

 private:
  Result<WritableFile*> file(const std::string& name) {
    auto found = files_.find(name);
    if (found == files_.end()) {
      RESIDENCY_TRY(auto made, env_.create(path_ + "/" + name));
      found = files_.emplace(name, std::move(made)).first;
    }
    return found->second.get();
  }

  Env& env_;
  std::string path_;
  std::map<std::string, std::unique_ptr<WritableFile>> files_;
};

/// What ingest sets aside, on its own thread and so into a file of its own.
class SetAside final : public ingest::QuarantineSink {
 public:
  SetAside(Env& env, const std::string& path) : folder_(env, path) {}
  Result<void> reject(const ingest::QuarantineEntry& entry) override {
    return folder_.line("unread.jsonl",
                        dump_json({{"file", ingest::safe_file_label(entry.source.file.reveal())},
                                   {"line", entry.source.line},
                                   {"field", entry.field},
                                   {"reason", ingest::quarantine_reason_name(entry.reason)},
                                   {"detail", entry.detail}}));
  }
  Result<void> close() { return folder_.close(); }

 private:
  OutputFolder folder_;
};

class Forget final : public ingest::QuarantineSink {
 public:
  Result<void> reject(const ingest::QuarantineEntry&) override { return {}; }
};

class CleanToFolder final : public CleanSink, public DeidQuarantineSink {
 public:
  explicit CleanToFolder(OutputFolder& folder) : folder_(folder) {}

  Result<void> accept(const CleanRecord& record) override {
    if (record.kind == "note") return folder_.line("notes.jsonl", note(record));
    if (record.kind == "resource") return folder_.line("resources.ndjson", record.structured.str());
    if (record.kind == "message") return folder_.line("messages.hl7", record.structured.str());
    if (record.kind == "document")
      return folder_.whole(fmt::format("documents/{}.xml", record.record_id),
                           record.structured.str());
    return folder_.line("rows.jsonl", record.structured.str());
  }
  Result<void> reject(const DeidQuarantineEntry& entry) override {
    return folder_.line("quarantine.jsonl", dump_json({{"record", entry.record_id},
                                                       {"reason", entry.reason},
                                                       {"detail", entry.detail}}));
  }

 private:
  static std::string note(const CleanRecord& record) {
    return dump_json({{"id", record.record_id},
                      {"patient", record.patient},
                      {"encounter", record.encounter},
                      {"note_type", record.note_type},
                      {"text", record.text.str()}});
  }
  OutputFolder& folder_;
};

/// A folder below a source would be read as part of it.
bool is_below(const std::string& path, const std::string& folder) {
  std::error_code ignored;
  const auto inner = std::filesystem::weakly_canonical(path, ignored);
  const auto outer = std::filesystem::weakly_canonical(folder, ignored);
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

/// Removes a folder that did not come to its end.
class Unfinished {
 public:
  explicit Unfinished(std::string path) : path_(std::move(path)) {}
  ~Unfinished() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  void finished() { path_.clear(); }

 private:
  std::string path_;
};

}  // namespace

Result<FolderReport> clean_folder(Env& env, const ingest::IngestOptions& sources,
                                  const DeidOptions& options, const std::string& out,
                                  Progress& progress) {
  if (env.exists(out)) return already_exists("the output folder is there already: " + out);
  for (const ingest::SourceOptions& source : sources.sources) {
    if (is_below(out, source.path))
      return invalid_argument("the output folder must not be inside a source: " + out);
  }
  RESIDENCY_TRY(auto secret, crypto::random_bytes(kSecretBytes));
  RESIDENCY_TRY(auto crosswalk, Crosswalk::open(std::move(secret), ""));
  {
    Forget forget;
    RecordStream first(env, sources, forget);
    RESIDENCY_TRY(auto real, survey(first, progress));
    crosswalk.avoid(std::move(real));
  }
  const std::string aside = out + ".unfinished";
  std::error_code ignored;
  std::filesystem::remove_all(aside, ignored);  // of a run that was killed
  RESIDENCY_TRY_VOID(env.make_directories(aside));
  Unfinished unfinished(aside);
  OutputFolder folder(env, aside);
  CleanToFolder sink(folder);
  SetAside set_aside(env, aside);
  RecordStream second(env, sources, set_aside);
  FolderReport report;
  RESIDENCY_TRY(report.cleaned, run(options, crosswalk, second, sink, sink, progress));
  RESIDENCY_TRY(report.read, second.report());
  RESIDENCY_TRY_VOID(set_aside.close());
  RESIDENCY_TRY_VOID(
      folder.whole("certificate.json", certificate(options, report.cleaned).dump(2) + "\n"));
  RESIDENCY_TRY_VOID(folder.close());
  RESIDENCY_TRY_VOID(env.rename(aside, out));
  unfinished.finished();
  return report;
}

}  // namespace residency::deid
