// Crosswalk: which pseudonym and which surrogates a patient has. Nothing in it is derived from the
// person (45 CFR 164.514(c)(1)): the n-th patient seen gets the n-th output of a keyed stream.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/json.h"
#include "base/result.h"
#include "crypto/sha256.h"
#include "deid/transform/code_book.h"

namespace residency::deid {

/// One patient's part of the crosswalk.
class PatientCode {
 public:
  PatientCode(std::string key, std::string pseudonym)
      : key_(std::move(key)), pseudonym_(std::move(pseudonym)) {}

  const std::string& pseudonym() const { return pseudonym_; }  // "p-" and 16 hex digits
  int offset_days() const;                                     // -365 to 365, never 0
  /// 32 bytes that belong to `value` of `kind` and to this patient: the k-th value seen of any kind
  /// gets the k-th output. `lookup` is what the value is found again by; it leaves no trace in the
  /// output.
  std::string stream_of(std::string_view kind, std::string_view lookup);
  /// A real name near this patient: no surrogate may equal it. Not part of the state.
  void avoid(std::string name_part) { avoided_.insert(std::move(name_part)); }
  bool avoids(std::string_view name_part) const { return avoided_.contains(name_part); }
  /// The number of `value` among those of `kind`, from 1 in order of first sight.
  std::uint32_t number_of(std::string_view kind, std::string_view lookup);

 private:
  friend class Crosswalk;
  std::string key_;
  std::string pseudonym_;
  std::map<std::string, std::uint32_t> order_;    // keyed digest -> k
  std::map<std::string, std::uint32_t> numbers_;  // "kind digest" -> number
  std::set<std::string, std::less<>> avoided_;
  std::map<std::string, std::uint32_t> counts_;  // kind -> how many
};

class Crosswalk final : public CodeBook {
 public:
  /// `secret` has 32 bytes from a random device; `state` is what state() gave, or "" at first.
  /// kInvalidArgument for a secret of another length, kCorrupt for a state that can't be read or
  /// was made with another secret.
  static Result<Crosswalk> open(std::string secret, std::string_view state);

  /// The patient of this key, made at first sight.
  PatientCode& patient(std::string_view key);
  /// Someone who is in no other record: consistent within the record, not kept.
  PatientCode anonymous(std::string_view record_id) const;
  /// "e-" and 16 hex digits, in order of first sight.
  std::string encounter(std::string_view key) override;
  /// "i-" and 16 hex digits for any other resource's id.
  std::string resource(std::string_view key) override;
  std::string pseudonym(std::string_view patient_key) override {
    return patient(patient_key).pseudonym();
  }

  std::size_t patients() const { return patients_.size(); }
  /// JSON; keep it encrypted. Keys are keyed digests, so that without the secret it names nobody.
  std::string state() const;

 private:
  explicit Crosswalk(std::string secret) : secret_(std::move(secret)) {}
  std::string lookup(std::string_view kind, std::string_view key) const;
  std::string coded(std::string_view kind, std::string_view prefix, std::uint64_t number) const;
  std::string ordered(std::map<std::string, std::uint64_t>& order, std::string_view kind,
                      std::string_view prefix, std::string_view key);
  PatientCode code(std::uint64_t number) const;

  std::string secret_;
  std::map<std::string, std::uint64_t> patient_order_;
  std::map<std::uint64_t, PatientCode> patients_;
  std::map<std::string, std::uint64_t> encounters_;
  std::map<std::string, std::uint64_t> resources_;
};

}  // namespace residency::deid
