// Crosswalk: which pseudonym and which surrogates a patient has. Nothing in it is derived from the
// person (45 CFR 164.514(c)(1)): the n-th patient seen gets the n-th output of a keyed stream.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "crypto/sha256.h"
#include "deid/transform/code_book.h"
#include "deid/transform/order_table.h"
#include "deid/transform/real_values.h"

namespace residency::deid {

/// What all patients of a crosswalk share.
struct CrosswalkContext {
  std::string hash_key;     // of keyed_hash, where the policy brings none
  std::string encrypt_key;  // of encrypt
  bool keep_originals = false;
  std::shared_ptr<const RealValues> real;  // may be null: then only what avoid() was told
};

/// One patient's part of the crosswalk.
class PatientCode {
 public:
  PatientCode(std::string key, std::string pseudonym,
              std::shared_ptr<const CrosswalkContext> context = nullptr)
      : key_(std::move(key)), pseudonym_(std::move(pseudonym)), context_(std::move(context)) {}

  const std::string& pseudonym() const { return pseudonym_; }  // "p-" and 16 hex digits
  int offset_days() const;                                     // -365 to 365, never 0
  /// 32 bytes that belong to `value` of `kind` and to this patient: the k-th value seen of any kind
  /// gets the k-th output. `lookup` is what the value is found again by; it leaves no trace in the
  /// output.
  std::string stream_of(std::string_view kind, std::string_view lookup);
  /// A real name near this patient: no surrogate may equal it. Not part of the state.
  void avoid(std::string name_part) { avoided_.insert(std::move(name_part)); }
  bool avoids(std::string_view name_part) const;
  /// Forgets them: each record tells of its own.
  void forget_avoided() { avoided_.clear(); }
  /// The corpus's values; null where none were collected.
  const RealValues* real() const { return context_ ? context_->real.get() : nullptr; }
  /// The number of `value` among those of `kind`, from 1 in order of first sight.
  std::uint32_t number_of(std::string_view kind, std::string_view lookup);

  /// Keeps that `output` stands for `original`, where the policy is reversible. The first one kept
  /// stays.
  void remember(std::string_view output, std::string_view original);
  const std::map<std::string, std::string>& originals() const { return originals_; }
  std::string_view hash_key() const;
  std::string_view encrypt_key() const;

 private:
  friend class Crosswalk;
  std::string key_;
  std::string pseudonym_;
  std::shared_ptr<const CrosswalkContext> context_;
  OrderTable order_;                              // keyed digest -> k
  std::map<std::string, std::uint32_t> numbers_;  // "kind digest" -> number
  std::set<std::string, std::less<>> avoided_;
  std::map<std::string, std::uint32_t> counts_;   // kind -> how many
  std::map<std::string, std::string> originals_;  // output -> original
};

class Crosswalk final : public CodeBook {
 public:
  /// `secret` has 32 bytes from a random device; `state` is what state() gave, or "" at first.
  /// kInvalidArgument for a secret of another length, kCorrupt for a state that can't be read or
  /// was made with another secret.
  static Result<Crosswalk> open(std::string secret, std::string_view state);

  /// No surrogate made from now on is equal to one of `values`.
  void avoid(std::shared_ptr<const RealValues> values);
  /// Keeps from now on what pseudonyms, surrogates, shifts, tags and hashes stand for.
  void keep_originals(bool keep);
  /// The newest year of the corpus that avoid() was told of; 0 where it was told of none.
  int latest_year() const;

  /// The patient of this key, made at first sight.
  PatientCode& patient(std::string_view key);
  /// Someone who is in no other record: consistent within the record, not kept. `place` is that of
  /// the record in the run: its id is a digest of its content, and the code must not derive from
  /// it.
  PatientCode anonymous(std::uint64_t place) const;
  /// "e-" and 16 hex digits, in order of first sight.
  std::string encounter(std::string_view key) override;
  /// "i-" and 16 hex digits for any other resource's id.
  std::string resource(std::string_view key) override;
  std::string pseudonym(std::string_view patient_key) override {
    return patient(patient_key).pseudonym();
  }

  std::size_t patients() const { return patients_.size(); }
  /// How many outputs have an original kept.
  std::size_t originals() const;
  /// The patient of a pseudonym; null where there is none. Nothing is made.
  const PatientCode* find_pseudonym(std::string_view pseudonym) const;
  /// What a pseudonym of a patient, an encounter or a resource stands for, where it was kept.
  std::optional<std::string> original_id(std::string_view pseudonym) const;
  const CrosswalkContext& context() const { return *context_; }

  /// JSON; keep it encrypted. Keys are keyed digests; the originals, where kept, are PHI.
  std::string state() const;

 private:
  explicit Crosswalk(std::string secret);
  std::string lookup(std::string_view kind, std::string_view key) const;
  std::string coded(std::string_view kind, std::string_view prefix, std::uint64_t number) const;
  std::string ordered(std::map<std::string, std::uint64_t>& order, std::string_view kind,
                      std::string_view prefix, std::string_view key);
  PatientCode code(std::uint64_t number) const;
  void remember_id(const std::string& pseudonym, std::string_view key);
  void set_context(CrosswalkContext context);
  Result<void> read_state(const Json& json);

  std::string secret_;
  std::shared_ptr<const CrosswalkContext> context_;
  std::map<std::string, std::uint64_t> patient_order_;
  std::map<std::uint64_t, PatientCode> patients_;
  std::map<std::string, std::uint64_t> encounters_;
  std::map<std::string, std::uint64_t> resources_;
  std::map<std::string, std::string, std::less<>> ids_;  // pseudonym -> the source's id
};

}  // namespace residency::deid
