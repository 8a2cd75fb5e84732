#include "synth/tables.h"

#include <charconv>
#include <fmt/format.h>
#include <functional>

#include "base/embedded_data.h"

RESIDENCY_EMBEDDED(synth_conditions);
RESIDENCY_EMBEDDED(synth_titles);
RESIDENCY_EMBEDDED(synth_labs);
RESIDENCY_EMBEDDED(synth_drugs);
RESIDENCY_EMBEDDED(synth_procedures);
RESIDENCY_EMBEDDED(synth_interactions);
RESIDENCY_EMBEDDED(synth_names);
RESIDENCY_EMBEDDED(synth_places);
RESIDENCY_EMBEDDED(synth_hospitals);
RESIDENCY_EMBEDDED(synth_words);
RESIDENCY_EMBEDDED(synth_notes);
RESIDENCY_EMBEDDED(synth_phrases);

namespace residency::synth {
namespace {

double number_or_zero(const std::string& text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Calls `take` with the fields of every line that is no comment; a line of another width is an
// error.
Result<void> each_row(std::string_view table, std::string_view name, char separator,
                      std::size_t width,
                      const std::function<void(std::vector<std::string>)>& take) {
  std::size_t number = 0;
  while (!table.empty()) {
    const auto end = table.find('\n');
    const std::string_view line = table.substr(0, end);
    table.remove_prefix(end == std::string_view::npos ? table.size() : end + 1);
    ++number;
    if (line.empty() || line[0] == '#') continue;
    auto fields = split_fields(line, separator);
    if (fields.size() != width) {
      return invalid_input(fmt::format("table has a row of {} fields, not {}: {}:{}", fields.size(),
                                       width, name, number));
    }
    take(std::move(fields));
  }
  return {};
}

Result<void> load_clinical(Tables& tables) {
  RESIDENCY_TRY_VOID(
      each_row(embedded_synth_labs(), "labs.txt", '|', 6, [&](std::vector<std::string> row) {
        const auto range = split_fields(row[4], '-');
        Lab lab{row[0], split_fields(row[1], ';'), row[2], row[3], 0, 0, 0};
        lab.low = number_or_zero(range.front());
        lab.high = number_or_zero(range.back());
        lab.decimals = static_cast<int>(number_or_zero(row[5]));
        tables.labs.emplace(row[0], std::move(lab));
      }));
  RESIDENCY_TRY_VOID(
      each_row(embedded_synth_drugs(), "drugs.txt", '|', 6, [&](std::vector<std::string> row) {
        tables.drugs.emplace(row[0], Drug{row[0], row[1], row[2], split_fields(row[3], ','), row[4],
                                          split_fields(row[5], ',')});
      }));
  RESIDENCY_TRY_VOID(each_row(
      embedded_synth_procedures(), "procedures.txt", '|', 4, [&](std::vector<std::string> row) {
        tables.procedures.emplace(row[0],
                                  Procedure{row[0], split_fields(row[1], ';'), row[2], row[3]});
      }));
  return each_row(embedded_synth_interactions(), "interactions.txt", '|', 4,
                  [&](std::vector<std::string> row) {
                    tables.interactions.push_back({row[0], row[1], row[2], row[3]});
                  });
}

Result<void> load_conditions(Tables& tables) {
  std::map<std::string, std::string, std::less<>> titles;
  RESIDENCY_TRY_VOID(each_row(embedded_synth_titles(), "icd10cm_titles.tsv", '\t', 3,
                              [&](std::vector<std::string> row) { titles[row[0]] = row[2]; }));
  RESIDENCY_TRY(tables.conditions, parse_conditions(embedded_synth_conditions()));
  for (Condition& condition : tables.conditions) {
    for (const std::string& code : condition.codes) {
      const auto found = titles.find(code);
      if (found == titles.end()) return invalid_input("code has no title: " + code);
      condition.titles.push_back(found->second);
    }
    for (const std::string& drug : condition.drugs) {
      if (!tables.drugs.contains(drug)) return invalid_input("no such drug: " + drug);
    }
    for (const std::string& procedure : condition.procedures) {
      if (!tables.procedures.contains(procedure)) {
        return invalid_input("no such procedure: " + procedure);
      }
    }
    for (const LabRange& range : condition.labs) {
      if (!tables.labs.contains(range.lab)) return invalid_input("no such lab: " + range.lab);
    }
  }
  for (const Interaction& pair : tables.interactions) {
    if (!tables.drugs.contains(pair.first)) return invalid_input("no such drug: " + pair.first);
    if (!tables.drugs.contains(pair.second)) return invalid_input("no such drug: " + pair.second);
  }
  return {};
}

Result<void> load_people(Tables& tables) {
  RESIDENCY_TRY_VOID(
      each_row(embedded_synth_names(), "names.txt", '|', 5, [&](std::vector<std::string> row) {
        tables.cultures.push_back({row[0], static_cast<int>(number_or_zero(row[1])),
                                   split_fields(row[2], ','), split_fields(row[3], ','),
                                   split_fields(row[4], ',')});
      }));
  RESIDENCY_TRY_VOID(
      each_row(embedded_synth_places(), "places.tsv", '\t', 4, [&](std::vector<std::string> row) {
        tables.places.push_back({row[0], row[1], row[2], row[3]});
      }));
  RESIDENCY_TRY_VOID(each_row(
      embedded_synth_hospitals(), "hospitals.tsv", '\t', 7, [&](std::vector<std::string> row) {
        tables.hospitals.push_back({row[0], row[1], {row[2], row[3], row[4], row[5]}, row[6]});
      }));
  return each_row(embedded_synth_words(), "words.txt", '|', 2, [&](std::vector<std::string> row) {
    auto& to = row[0] == "street" ? tables.streets
               : row[0] == "job"  ? tables.jobs
                                  : tables.employers;
    for (std::string& word : split_fields(row[1], ',')) to.push_back(std::move(word));
  });
}

}  // namespace

Result<Tables> Tables::load() {
  Tables tables;
  RESIDENCY_TRY_VOID(load_clinical(tables));
  RESIDENCY_TRY_VOID(load_conditions(tables));
  RESIDENCY_TRY_VOID(load_people(tables));
  RESIDENCY_TRY_VOID(tables.grammar.add(embedded_synth_notes(), "notes.grammar"));
  RESIDENCY_TRY_VOID(tables.grammar.add(embedded_synth_phrases(), "phrases.grammar"));
  return tables;
}

std::string Tables::source_text() {
  std::string text;
  for (const std::string_view part :
       {embedded_synth_conditions(), embedded_synth_titles(), embedded_synth_labs(),
        embedded_synth_drugs(), embedded_synth_procedures(), embedded_synth_interactions(),
        embedded_synth_names(), embedded_synth_places(), embedded_synth_hospitals(),
        embedded_synth_words(), embedded_synth_notes(), embedded_synth_phrases()}) {
    text += part;
    text += '\0';
  }
  return text;
}

}  // namespace residency::synth
