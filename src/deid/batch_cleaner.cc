#include "deid/batch_cleaner.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "crypto/random.h"
#include "deid/clean_text_maker.h"
#include "deid/transform/pending_codes.h"

namespace residency::deid {
namespace {

constexpr std::size_t kPatientsRememberedMax = 100'000;
constexpr std::size_t kSaltBytes = 16;

/// Exchanges the stand-ins of `codes` for real codes.
void settle(CleanRecord& record, const PendingCodes& codes, CodeBook& book) {
  record.structured = CleanTextMaker::make(codes.settle(record.structured.str(), book));
  record.encounter = codes.settle(std::move(record.encounter), book);
}

}  // namespace

struct BatchCleaner::Slot {
  Result<Cleaned> cleaned = Cleaned{};
  PendingCodes codes;
};

/// The records of one patient, in their order.
struct BatchCleaner::Group {
  PatientScope patient;
  std::vector<std::size_t> records;
};

BatchCleaner::BatchCleaner(const DeidOptions& options, const Detector& detector,
                           Crosswalk& crosswalk, std::int64_t threads, const CompiledRules* rules)
    : crosswalk_(crosswalk),
      cleaner_(options, detector, crosswalk, rules),
      threads_(threads > 0 ? static_cast<std::size_t>(threads)
                           : std::max(1u, std::thread::hardware_concurrency())),
      harmless_(threads_) {}

std::vector<BatchCleaner::Group> BatchCleaner::groups_of(
    const std::vector<ingest::RawRecord>& records, std::uint64_t first) {
  std::vector<Group> groups;
  std::map<std::string_view, std::size_t> of_patient;
  if (names_.size() >= kPatientsRememberedMax) names_.clear();
  for (std::size_t i = 0; i < records.size(); ++i) {
    const std::string& key = records[i].patient_key.reveal();
    if (key.empty()) {
      groups.push_back({{nullptr, nullptr, first + i}, {i}});
      continue;
    }
    const auto [found, made] = of_patient.try_emplace(key, groups.size());
    if (made) groups.push_back({{&crosswalk_.patient(key), &names_[key], 0}, {}});
    groups[found->second].records.push_back(i);
  }
  return groups;
}

void BatchCleaner::clean_group(const std::vector<ingest::RawRecord>& records, const Group& group,
                               std::vector<Slot>& slots, Cleaner::Harmless& harmless) const {
  for (const std::size_t i : group.records) {
    slots[i].cleaned = cleaner_.clean(records[i], group.patient, slots[i].codes, harmless);
  }
}

Result<std::vector<Cleaned>> BatchCleaner::clean(const std::vector<ingest::RawRecord>& records,
                                                 const Progress& progress, std::uint64_t first) {
  if (salt_.empty()) {
    RESIDENCY_TRY(const std::string bytes, crypto::random_bytes(kSaltBytes));
    salt_ = PendingCodes::make_salt(bytes);
  }
  const std::vector<Group> groups = groups_of(records, first);
  std::vector<Slot> slots(records.size(), Slot{Cleaned{}, PendingCodes(salt_)});
  std::atomic<std::size_t> next{0};
  std::atomic<bool> stopped{false};
  const auto work = [&](std::size_t thread) {
    for (std::size_t at = next++; at < groups.size() && !stopped; at = next++) {
      clean_group(records, groups[at], slots, harmless_[thread]);
      if (thread == 0 && progress.cancelled()) stopped = true;
    }
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t thread = 1; thread < std::min(threads_, groups.size()); ++thread) {
      others.emplace_back(work, thread);
    }
    work(0);
  }
  if (stopped) return cancelled("de-identification was stopped");
  std::vector<Cleaned> all;
  all.reserve(slots.size());
  for (Slot& slot : slots) {
    if (!slot.cleaned.ok()) return slot.cleaned.error();
    Cleaned& cleaned = all.emplace_back(*std::move(slot.cleaned));
    if (cleaned.record) settle(*cleaned.record, slot.codes, crosswalk_);
  }
  return all;
}

Json BatchCleaner::names() const {
  Json all = Json::object();
  for (const auto& [key, names] : names_) {
    if (names.empty()) continue;
    Json& list = all[key] = Json::array();
    for (const KnownValue& name : names) {
      list.push_back({phi_class_name(name.phi_class), name.value});
    }
  }
  return all;
}

Result<void> BatchCleaner::set_names(const Json& names) {
  if (!names.is_object()) return corrupt("the names of earlier documents are no object");
  std::map<std::string, std::vector<KnownValue>> all;
  for (const auto& [key, list] : names.items()) {
    for (const Json& name : list) {
      if (!name.is_array() || name.size() != 2 || !name[0].is_string() || !name[1].is_string()) {
        return corrupt("a name of an earlier document is no pair of texts");
      }
      const auto phi_class = phi_class_named(name[0].get<std::string>());
      if (!phi_class) return corrupt("a name of an earlier document is of no known class");
      all[key].push_back({*phi_class, name[1].get<std::string>()});
    }
  }
  names_ = std::move(all);
  return {};
}

}  // namespace residency::deid
