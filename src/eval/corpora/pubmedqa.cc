#include "eval/corpora/pubmedqa.h"

#include <algorithm>
#include <array>

#include "eval/corpora/json_members.h"
#include "eval/corpora/read_notes.h"
#include "eval/corpora/text_offsets.h"

namespace residency::eval::corpora {
namespace {

constexpr std::array<std::string_view, 3> kDecisions = {"yes", "no", "maybe"};

}  // namespace

Result<Corpus<ChoiceItem>> read_pubmedqa(ByteSource& source, std::string_view name,
                                         const ReadOptions& options,
                                         const std::set<std::string>* ids, bool without) {
  Corpus<ChoiceItem> corpus;
  JsonMembers members(source, name);
  std::set<std::string> seen;
  std::string id;
  Json json;
  for (;;) {
    RESIDENCY_TRY(const bool more, members.next(id, json));
    if (!more) return corpus;
    if (ids != nullptr && (ids->count(id) == 0) != without) continue;
    const auto bad = [&](std::string_view field, std::string_view what) {
      return note_bad(corpus.notes, options, members.place(), field, what);
    };
    if (!seen.insert(id).second) {
      RESIDENCY_TRY_VOID(bad("id", "given twice"));
      continue;
    }
    ChoiceItem item;
    item.id = id;
    item.question = json_text(json, "QUESTION");
    if (item.question.empty()) {
      RESIDENCY_TRY_VOID(bad("QUESTION", "missing"));
      continue;
    }
    const Json& contexts = json_member(json, "CONTEXTS");
    bool texts = contexts.is_array();
    for (std::size_t i = 0; texts && i < contexts.size(); ++i) {
      texts = contexts[i].is_string();
      if (!texts) break;
      if (i > 0) item.context.push_back('\n');
      item.context.append(contexts[i].get_ref<const std::string&>());
    }
    if (!texts) {
      RESIDENCY_TRY_VOID(bad("CONTEXTS", "must be a list of strings"));
      continue;
    }
    const std::string decision = json_text(json, "final_decision");
    const auto found = std::find(kDecisions.begin(), kDecisions.end(), decision);
    if (found == kDecisions.end()) {
      RESIDENCY_TRY_VOID(bad("final_decision", "must be yes, no or maybe"));
      continue;
    }
    for (const std::string_view choice : kDecisions) {
      item.choices.push_back({std::string(choice), std::string(choice)});
    }
    item.answer = static_cast<std::size_t>(found - kDecisions.begin());
    RESIDENCY_TRY_VOID(add_record(corpus, std::move(item), members.place()));
  }
}

Result<std::set<std::string>> read_split_ids(std::string_view bytes, std::string_view name) {
  std::vector<std::string> ids;
  const auto first = bytes.find_first_not_of(" \t\r\n");
  const Place place{std::string(name), 1};
  if (first != std::string_view::npos && (bytes[first] == '{' || bytes[first] == '[')) {
    const auto json = parse_json(bytes);
    if (!json.ok()) return bad_field(place, "ids", json.error().message());
    for (const auto& [key, value] : json->items()) {
      if (json->is_object()) {
        ids.push_back(key);
      } else if (value.is_string()) {
        ids.push_back(value.get_ref<const std::string&>());
      } else {
        return bad_field(place, "ids", "must be strings");
      }
    }
  } else {
    for (std::string_view line : split(bytes, '\n')) {
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (!line.empty()) ids.emplace_back(line);
    }
  }
  std::set<std::string> unique;
  for (const std::string& id : ids) {
    if (!parse_number(id)) return bad_field(place, "ids", "must be PubMed ids");
    if (!unique.insert(id).second) return bad_field(place, "ids", "one stands twice");
  }
  if (unique.empty()) return bad_field(place, "ids", "none");
  return unique;
}

Result<Corpus<ChoiceItem>> read_pubmedqa_test(Env& env, const std::string& folder,
                                              const ReadOptions& options) {
  const std::string ids_path = folder + "/test_ground_truth.json";
  RESIDENCY_TRY(const std::string bytes, env.read_file(ids_path, kRecordBytesMax));
  RESIDENCY_TRY(const auto ids, read_split_ids(bytes, ids_path));
  const std::string path = folder + "/ori_pqal.json";
  RESIDENCY_TRY(const auto source, file_bytes(env, path));
  RESIDENCY_TRY(auto corpus, read_pubmedqa(*source, path, options, &ids));
  const std::size_t found = corpus.records.size() + corpus.notes.bad;
  if (found < ids.size()) {
    return bad_field({ids_path, 1}, "ids",
                     std::to_string(ids.size() - found) + " are not in ori_pqal.json");
  }
  return corpus;
}

Result<Corpus<ChoiceItem>> read_pubmedqa_rest(Env& env, const std::string& folder,
                                              const ReadOptions& options) {
  const std::string ids_path = folder + "/test_ground_truth.json";
  RESIDENCY_TRY(const std::string bytes, env.read_file(ids_path, kRecordBytesMax));
  RESIDENCY_TRY(const auto ids, read_split_ids(bytes, ids_path));
  const std::string path = folder + "/ori_pqal.json";
  RESIDENCY_TRY(const auto source, file_bytes(env, path));
  return read_pubmedqa(*source, path, options, &ids, true);
}

}  // namespace residency::eval::corpora
