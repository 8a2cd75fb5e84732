#include <array>
#include <map>

#include "deid/gold/gold_document.h"
#include "deid/gold/json_gold.h"

namespace residency::deid {
namespace {

using Column = std::pair<std::string_view, PhiClass>;

/// The columns of the synthetic hospital's roster that identify.
constexpr std::array kColumns{Column{"mrn", PhiClass::kMrn},
                              Column{"family_name", PhiClass::kPatientName},
                              Column{"given_name", PhiClass::kPatientName},
                              Column{"middle_name", PhiClass::kPatientName},
                              Column{"ssn", PhiClass::kSsn},
                              Column{"home_phone", PhiClass::kPhone},
                              Column{"mobile_phone", PhiClass::kPhone},
                              Column{"work_phone", PhiClass::kPhone},
                              Column{"email", PhiClass::kEmail},
                              Column{"street", PhiClass::kStreet},
                              Column{"city", PhiClass::kCity},
                              Column{"county", PhiClass::kCounty},
                              Column{"member_id", PhiClass::kHealthPlanId},
                              Column{"contact_name", PhiClass::kRelativeName},
                              Column{"contact_phone", PhiClass::kPhone}};

/// The cells of one row; the roster has no quotes or line breaks inside of cells.
std::vector<std::string> cells_of(std::string_view row) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (const char c : row) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      cells.emplace_back();
    } else if (c != '\r') {
      cells.back() += c;
    }
  }
  return cells;
}

/// By patient: the first column. Empty where there is no such file.
Result<std::map<std::string, KnownPhi>> roster_of(Env& env, const std::string& path) {
  std::map<std::string, KnownPhi> people;
  if (!env.exists(path)) return people;
  RESIDENCY_TRY(const std::string csv, env.read_file(path));
  std::vector<std::string> head;
  for (std::size_t at = 0; at < csv.size();) {
    const std::size_t end = std::min(csv.find('\n', at), csv.size());
    const auto row = cells_of(std::string_view(csv).substr(at, end - at));
    at = end + 1;
    if (head.empty()) {
      head = row;
      continue;
    }
    KnownPhi& known = people[row[0]];
    for (std::size_t i = 0; i < row.size() && i < head.size(); ++i) {
      for (const auto& [name, phi_class] : kColumns) {
        if (head[i] == name && !row[i].empty()) known.values.push_back({phi_class, row[i]});
      }
    }
  }
  return people;
}

}  // namespace

Result<std::vector<GoldDocument>> read_synth_gold(Env& env, const std::string& folder,
                                                  const LabelOptions& labels) {
  const std::string name = folder + "/truth/phi.jsonl";
  RESIDENCY_TRY(const std::string truth, env.read_file(name));
  RESIDENCY_TRY(const auto people, roster_of(env, folder + "/csv/patients.csv"));
  std::vector<GoldDocument> documents;
  const auto take = [&](const Json& line, const std::string& where) -> Result<void> {
    GoldDocument document;
    document.id = json_text(line, "note_id");
    if (document.id.empty() || document.id.find('/') != std::string::npos) {
      return invalid_input("no note_id: " + where);
    }
    RESIDENCY_TRY(document.text, env.read_file(folder + "/notes/" + document.id + ".txt"));
    if (const auto found = people.find(json_text(line, "patient")); found != people.end()) {
      document.known = found->second;
    }
    RESIDENCY_TRY(const auto marked, read_json_spans(line, where));
    RESIDENCY_TRY_VOID(add_spans(document, marked, OffsetUnit::kBytes, labels, where));
    documents.push_back(std::move(document));
    return {};
  };
  RESIDENCY_TRY_VOID(each_json_line(truth, name, take));
  return documents;
}

}  // namespace residency::deid
