#include <algorithm>
#include <fmt/format.h>
#include <memory>

#include "base/env.h"
#include "cli/commands/deid_commands.h"
#include "deid/proof/risk.h"
#include "ingest/csv_reader.h"
#include "pipeline/proof_work.h"

namespace residency::cli {
namespace {

constexpr std::size_t kRowBytesMax = 1u << 20;
constexpr std::uint64_t kTableBytesMax = 8ull << 30;

struct RiskWords {
  CommonOptions common;
  std::string table, sensitive, corpus;
  std::vector<std::string> quasi;
  std::uint64_t k = 5;
};

/// Where a column stands in the header.
Result<std::size_t> column(const std::vector<std::string>& header, const std::string& name,
                           const std::string& file) {
  const auto found = std::find(header.begin(), header.end(), name);
  if (found == header.end())
    return invalid_input(file + ":1: no such column: " + name.substr(0, 64));
  return static_cast<std::size_t>(found - header.begin());
}

Result<std::vector<deid::RiskRow>> read_rows(const RiskWords& words) {
  RESIDENCY_TRY(const auto bytes,
                ingest::ByteReader::open(Env::posix(), words.table, false, kTableBytesMax));
  ingest::CsvReader reader(*bytes, ',', kRowBytesMax);
  ingest::CsvRow row;
  RESIDENCY_TRY(const bool any, reader.next(row));
  if (!any || row.fault != ingest::CsvFault::kNone)
    return invalid_input(words.table + ":1: no header");
  const std::vector<std::string> header = row.fields;
  std::vector<std::size_t> places;
  for (const std::string& name : words.quasi) {
    RESIDENCY_TRY(const std::size_t place, column(header, name, words.table));
    places.push_back(place);
  }
  std::size_t sensitive = header.size();
  if (!words.sensitive.empty()) {
    RESIDENCY_TRY(sensitive, column(header, words.sensitive, words.table));
  }
  std::vector<deid::RiskRow> rows;
  while (true) {
    RESIDENCY_TRY(const bool more, reader.next(row));
    if (!more) return rows;
    if (row.fault != ingest::CsvFault::kNone || row.fields.size() != header.size())
      return invalid_input(
          fmt::format("{}:{}: a row that is not as long as the header", words.table, row.line));
    deid::RiskRow taken;
    for (const std::size_t place : places) taken.quasi.push_back(row.fields[place]);
    if (sensitive < header.size()) taken.sensitive = row.fields[sensitive];
    rows.push_back(std::move(taken));
  }
}

void show(const deid::RiskReport& report, std::uint64_t k) {
  fmt::print("{} people in {} groups\n", report.rows, report.classes);
  fmt::print("k {}   unique {}   in groups under {}: {}\n", report.k, report.unique, k,
             report.below_k);
  fmt::print("risk: at most {:.4f} for one who is known to be there, {:.4f} on average\n",
             report.prosecutor_max, report.marketer);
  if (report.has_sensitive)
    fmt::print("l {} (entropy {:.2f})   t {:.4f}\n", report.l, report.l_entropy, report.t);
  for (const deid::RiskWithout& less : report.without)
    fmt::print("without {}: k {}, unique {}\n", less.quasi, less.k, less.unique);
}

int risk(const RiskWords& words) {
  const auto work = [&]() -> Result<deid::RiskReport> {
    if (words.table.empty() == words.corpus.empty())
      return invalid_argument("name a table, or a clean corpus with --corpus");
    if (!words.corpus.empty()) {
      RESIDENCY_TRY(const auto workspace, open_workspace(words.common));
      RESIDENCY_TRY(const auto people, pipeline::risk_rows_of(*workspace, words.corpus));
      return deid::risk_of(pipeline::patient_quasi_identifiers(), people, words.k);
    }
    if (words.quasi.empty()) return invalid_argument("name the table's columns with --quasi");
    RESIDENCY_TRY(const auto rows, read_rows(words));
    return deid::risk_of(words.quasi, rows, words.k);
  };
  const auto report = work();
  if (!report.ok()) return fail(report.error(), words.common.json);
  if (words.common.json)
    print_json(report->to_json());
  else
    show(*report, words.k);
  return report->rows > 0 && report->k < words.k ? 3 : 0;
}

}  // namespace

void add_deid_risk(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand(
      "risk", "k-anonymity, l-diversity and t-closeness of a table; 3 where k is too small");
  const auto words = std::make_shared<RiskWords>();
  words->common.add_to(*verb);
  auto* table = verb->add_option("table", words->table, "a CSV file with a header, a person a row");
  verb->add_option(
          "--corpus", words->corpus,
          "a corpus.clean artifact's id instead: gender, birth date, state, ZIP code, race "
          "and ethnicity of its patients, as they stand in it")
      ->excludes(table);
  verb->add_option("--quasi", words->quasi, "columns that others may know")->delimiter(',');
  verb->add_option("--sensitive", words->sensitive, "the column that must not be learned");
  verb->add_option("-k,--k", words->k, "the smallest group that is wanted")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000000));
  verb->callback([words, &chosen] { chosen = [words] { return risk(*words); }; });
}

}  // namespace residency::cli
