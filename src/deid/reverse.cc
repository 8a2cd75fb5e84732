#include "deid/reverse.h"

#include <algorithm>
#include <vector>

#include "base/json.h"
#include "deid/detect/tokens.h"
#include "deid/transform/value_code.h"

namespace residency::deid {
namespace {

bool inside_word(char c) {
  return is_ascii_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}

class Restorer {
 public:
  Restorer(const Crosswalk& crosswalk, const PatientCode* patient, ReversedRecord& counts)
      : crosswalk_(crosswalk), patient_(patient), counts_(counts) {}

  std::string text(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
      const bool starts = i == 0 || !inside_word(text[i - 1]) || !inside_word(text[i]);
      if (starts) {
        if (const std::size_t length = step(text.substr(i), out); length > 0) {
          i += length;
          continue;
        }
      }
      out += text[i++];
    }
    return out;
  }

  Json json(const Json& value) {
    if (value.is_string()) return text(value.get_ref<const std::string&>());
    if (!value.is_structured()) return value;
    Json out = value.is_array() ? Json::array() : Json::object();
    for (const auto& [key, member] : value.items()) {
      if (value.is_array())
        out.push_back(json(member));
      else
        out[key] = json(member);
    }
    return out;
  }

 private:
  /// Puts what the beginning of `rest` stands for into `out`; gives its length, 0 for nothing.
  std::size_t step(std::string_view rest, std::string& out) {
    if (const std::size_t length = sealed_length(rest); length > 0) return open(rest, length, out);
    if (const std::size_t length = pseudonym(rest, out); length > 0) return length;
    return patient_ == nullptr ? 0 : surrogate(rest, out);
  }

  std::size_t open(std::string_view rest, std::size_t length, std::string& out) {
    const auto value =
        open_value(crosswalk_.context().encrypt_key, kValueLabel, rest.substr(0, length));
    if (value.ok())
      out += *value;
    else
      out += rest.substr(0, length);
    ++(value.ok() ? counts_.decrypted : counts_.unreadable);
    return length;
  }

  std::size_t pseudonym(std::string_view rest, std::string& out) {
    constexpr std::size_t kLength = 18;  // "p-" and 16 hex digits
    if (rest.size() < kLength || rest[1] != '-' ||
        (rest.size() > kLength && inside_word(rest[kLength])))
      return 0;
    const auto original = crosswalk_.original_id(rest.substr(0, kLength));
    if (!original) return 0;
    out += *original;
    ++counts_.restored;
    return kLength;
  }

  /// The longest output of the patient that `rest` begins with: the map is sorted, so it is the
  /// last of those not after `rest` that is a beginning of it.
  std::size_t surrogate(std::string_view rest, std::string& out) {
    const auto& originals = patient_->originals();
    const std::string_view nearby = rest.substr(0, kOutputBytesMax);
    auto at = originals.upper_bound(std::string(nearby));
    while (at != originals.begin()) {
      --at;
      const std::string& output = at->first;
      if (output[0] != rest[0]) return 0;
      if (!rest.starts_with(output)) continue;
      const bool ends = rest.size() == output.size() || !inside_word(output.back()) ||
                        !inside_word(rest[output.size()]);
      if (!ends) continue;
      out += at->second;
      ++counts_.restored;
      return output.size();
    }
    return 0;
  }

  static constexpr std::size_t kOutputBytesMax = 512;
  const Crosswalk& crosswalk_;
  const PatientCode* patient_;
  ReversedRecord& counts_;
};

}  // namespace

ReversedRecord reverse_record(const Crosswalk& crosswalk, const CleanRecord& record) {
  ReversedRecord reversed;
  reversed.record_id = record.record_id;
  reversed.patient = ingest::PhiText(crosswalk.original_id(record.patient).value_or(""));
  reversed.encounter = ingest::PhiText(crosswalk.original_id(record.encounter).value_or(""));
  Restorer restorer(crosswalk, crosswalk.find_pseudonym(record.patient), reversed);
  reversed.text = ingest::PhiText(restorer.text(record.text.str()));
  const auto structured = parse_json(record.structured.str());
  if (structured.ok()) reversed.structured = ingest::PhiText(dump_json(restorer.json(*structured)));
  return reversed;
}

ingest::PhiText ReversedRecord::to_json_line() const {
  return ingest::PhiText(dump_json({{"record_id", record_id},
                                    {"patient", patient.reveal()},
                                    {"encounter", encounter.reveal()},
                                    {"text", text.reveal()},
                                    {"structured", structured.reveal()}}));
}

}  // namespace residency::deid
