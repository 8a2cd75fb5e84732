#include "dataset/dataset_report.h"

namespace residency::dataset {

Json DatasetReport::to_json() const {
  Json json = {{"task", task},
               {"records", records},
               {"left_out", left_out},
               {"texts_cut", texts_cut},
               {"test_labels_unseen_in_train", test_labels_unseen_in_train},
               {"contamination", contamination.to_json()}};
  Json parts = Json::object();
  for (const auto& [name, split] : splits) {
    parts[name] = {{"examples", split.examples},
                   {"patients", split.patients},
                   {"labels", split.labels},
                   {"distinct_labels", split.distinct_labels},
                   {"categories", split.categories}};
  }
  json["splits"] = std::move(parts);
  if (!waiver_person.empty()) {
    json["waiver"] = {{"person", waiver_person}, {"reason", waiver_reason}};
  }
  if (!rejected.empty()) {
    Json lines = Json::array();
    for (const RejectedLine& line : rejected) {
      lines.push_back({{"line", line.line}, {"reason", line.reason}});
    }
    json["rejected"] = std::move(lines);
  }
  return json;
}

}  // namespace residency::dataset
