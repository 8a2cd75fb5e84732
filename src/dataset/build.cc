#include "dataset/build.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>

#include "dataset/patient_groups.h"

namespace residency::dataset {
namespace {

constexpr std::string_view kIcd10CmSystem = "http://hl7.org/fhir/sid/icd-10-cm";

struct Coding {
  std::vector<std::string> codes;  // sorted, unique
  std::string displays;            // in the codes' order
};

Coding icd10_codes(const std::vector<deid::CleanCode>& codes) {
  std::map<std::string, std::string> displays;
  for (const deid::CleanCode& code : codes) {
    if (code.system != kIcd10CmSystem || code.code.empty()) continue;
    std::string& display = displays[code.code];
    // The same code can come with several displays: the smallest, so that order does not matter.
    if (display.empty() || (!code.display.empty() && code.display < display)) {
      display = code.display;
    }
  }
  Coding coding;
  for (const auto& [code, display] : displays) {
    coding.codes.push_back(code);
    coding.displays += (coding.displays.empty() ? "" : "; ") + (display.empty() ? code : display);
  }
  return coding;
}

std::string medication_list(const std::vector<deid::CleanCode>& medications) {
  std::set<std::string> names;
  for (const deid::CleanCode& medication : medications) {
    const std::string& name = medication.display.empty() ? medication.code : medication.display;
    if (!name.empty()) names.insert(name);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

/// Bytes of the first `characters` code points of `text`; its size where it has no more.
std::size_t prefix_bytes(std::string_view text, std::int64_t characters) {
  std::size_t at = 0;
  for (std::int64_t seen = 0; at < text.size(); ++at) {
    const bool starts = (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
    if (starts && seen++ == characters) break;
  }
  return at;
}

bool listed(const std::vector<std::string>& list, const std::string& value) {
  return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
}

/// Turns one record into a candidate, or names why not.
class RecordReader {
 public:
  explicit RecordReader(const DatasetOptions& options) : options_(options) {}

  /// Empty where `candidate` is filled in; else why the record is left out.
  std::string read(const deid::CleanRecord& record, Candidate& candidate,
                   DatasetReport& report) const {
    if (!listed(options_.kinds, record.kind)) return "kind";
    if (!listed(options_.note_types, record.note_type)) return "note_type";
    std::string text = record.text.empty() ? record.structured.str() : record.text.str();
    if (text.empty()) return "no_text";
    if (prefix_bytes(text, options_.text_characters_min - 1) == text.size()) {
      return "too_short";
    }
    const std::size_t fits = prefix_bytes(text, options_.text_characters_max);
    const bool cut = fits < text.size();
    if (cut && options_.too_long == LongText::kDrop) return "too_long";
    text.resize(fits);
    if (text.find('\0') != std::string::npos) return "nul_character";
    const std::string reason = fill(record, text, candidate.example);
    if (!reason.empty()) return reason;
    candidate.grams = text_grams(text);
    if (cut) ++report.texts_cut;
    return "";
  }

 private:
  bool needs(std::string_view place) const { return options_.completion.uses(place); }

  std::string fill(const deid::CleanRecord& record, const std::string& text,
                   Example& example) const {
    Coding coding = icd10_codes(record.codes);
    const std::string medications = medication_list(record.medications);
    const bool coded = needs("codes") || needs("code_displays");
    if (coded && coding.codes.empty()) return "no_codes";
    if (coding.codes.size() > kLabelsMax) return "too_many_codes";
    if (needs("medications") && medications.empty()) return "no_medications";
    const std::map<std::string, std::string, std::less<>> values{
        {"text", text},
        {"structured", record.structured.str()},
        {"note_type", record.note_type},
        {"codes", fmt::format("{}", fmt::join(coding.codes, ", "))},
        {"code_displays", coding.displays},
        {"medications", medications}};
    example.id = record.record_id;
    example.patient = record.patient;
    example.category = record.note_type.empty() ? record.resource_type : record.note_type;
    example.format = options_.format;
    if (!options_.system.empty()) {
      example.messages.push_back({"system", options_.system.render(values)});
    }
    example.messages.push_back({"user", options_.prompt.render(values)});
    example.messages.push_back({"assistant", options_.completion.render(values)});
    if (coded) example.labels = std::move(coding.codes);
    return check_example(example).ok() ? "" : "empty_completion";
  }

  const DatasetOptions& options_;
};

}  // namespace

Result<DatasetReport> build(const DatasetOptions& options, CleanRecordSource& records,
                            SplitSinks sinks, Progress& progress) {
  if (options.is_public()) {
    return invalid_argument("a public set is not built from records: " +
                            std::string(task_name(options.task)));
  }
  DatasetReport report;
  report.task = task_name(options.task);
  const RecordReader reader(options);
  std::vector<Candidate> candidates;
  PatientGroups groups;
  std::uint64_t bytes = 0;
  while (true) {
    if (progress.cancelled()) return cancelled("dataset stopped");
    deid::CleanRecord record;
    RESIDENCY_TRY(const bool more, records.next(record));
    if (!more) break;
    ++report.records;
    progress.update(report.records, 0, "records", "reading");
    groups.learn(record);
    Candidate candidate;
    const std::string reason = reader.read(record, candidate, report);
    if (!reason.empty()) {
      ++report.left_out[reason];
      continue;
    }
    for (const Message& message : candidate.example.messages) bytes += message.content.size();
    bytes += candidate.grams.size() * sizeof(std::uint64_t);
    if (bytes > kDatasetBytesMax) {
      return resource_exhausted(fmt::format(
          "the data set's examples are larger than {} bytes: set dataset.examples_max or filters",
          kDatasetBytesMax));
    }
    candidates.push_back(std::move(candidate));
  }
  groups.apply(candidates);
  RESIDENCY_TRY_VOID(assemble(options, std::move(candidates), sinks, report, progress));
  return report;
}

}  // namespace residency::dataset
