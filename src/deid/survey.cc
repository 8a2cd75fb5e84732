#include "deid/survey.h"

#include "base/json.h"

namespace residency::deid {
namespace {

constexpr std::uint64_t kReportEvery = 256;

void add(RealValues& values, const ingest::RawRecord& raw) {
  values.add_text(raw.text.reveal());
  for (const ingest::KnownIdentifier& identifier : raw.demographics.identifiers)
    values.add_text(identifier.value.reveal());
  const std::string& structured = raw.structured.reveal();
  if (structured.empty()) return;
  // What is no JSON goes to quarantine later; its words count all the same.
  if (const auto json = parse_json(structured); json.ok())
    values.add_json(*json);
  else
    values.add_text(structured);
}

}  // namespace

Result<std::shared_ptr<const RealValues>> survey(RawSource& in, Progress& progress) {
  auto values = std::make_shared<RealValues>();
  ingest::RawRecord raw;
  for (std::uint64_t records = 1;; ++records) {
    if (progress.cancelled()) return cancelled("the survey of the corpus was stopped");
    RESIDENCY_TRY(const bool more, in.next(raw));
    if (!more) break;
    add(*values, raw);
    if (records % kReportEvery == 0) progress.update(records, 0, "records", "survey");
  }
  return std::shared_ptr<const RealValues>(std::move(values));
}

}  // namespace residency::deid
