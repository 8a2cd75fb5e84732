// CrosswalkVault: where a workspace keeps its crosswalk, encrypted under a key ring of its own.
//
//   crosswalk/state.bin       an envelope (crypto/envelope.h) of {secret, state}
//   crosswalk/generation      how often it was shredded; no file for never
//   keys/crosswalk/           its key ring; elsewhere where RESIDENCY_CROSSWALK_KEYS says so
//
// The ring's master key stands in a file beside it, or comes from RESIDENCY_CROSSWALK_PASSPHRASE
// (else RESIDENCY_PASSPHRASE). Whoever has the store's keys alone can read clean corpora but
// neither reverse nor extend them.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/env.h"
#include "base/result.h"
#include "crypto/key_ring.h"
#include "deid/transform/crosswalk.h"

namespace residency::deid {

/// Where the vault is, and how its key opens.
struct CrosswalkPlace {
  std::string folder;  // "<workspace>/crosswalk"
  std::string keys;    // "<workspace>/keys/crosswalk"
  std::optional<std::string> passphrase;

  /// As the environment says.
  static CrosswalkPlace of_workspace(const std::string& root);
};

struct CrosswalkStatus {
  bool exists = false;
  bool key_here = false;
  bool passphrase = false;
  std::uint64_t generation = 0;
  std::uint64_t state_bytes = 0;
};

class CrosswalkVault {
 public:
  /// Makes the key ring and an empty crosswalk with a new random secret. A vault that is there
  /// stays as it is; one whose shredding was cut off is shredded to the end and made anew.
  static Result<void> create(Env& env, const CrosswalkPlace& place);
  /// As create(), but with the secret and the state of an older workspace.
  static Result<void> adopt(Env& env, const CrosswalkPlace& place, const std::string& secret,
                            const std::string& state);
  /// kNotFound where there is no vault; kFailedPrecondition where its key is not here;
  /// kUnauthenticated without the passphrase; kCorrupt where anything was changed.
  static Result<std::unique_ptr<CrosswalkVault>> open(Env& env, const CrosswalkPlace& place);
  static bool exists(Env& env, const CrosswalkPlace& place);
  static Result<CrosswalkStatus> status(Env& env, const CrosswalkPlace& place);
  /// What tells the crosswalk from the one before it was shredded; "" for the first.
  static Result<std::string> generation(Env& env, const CrosswalkPlace& place);

  Result<Crosswalk> load() const;
  /// The state that load() gives back, and a crosswalk with the vault's secret at another state.
  Result<std::string> state() const;
  Result<Crosswalk> load_at(std::string_view state) const;
  /// Bytes under the vault's key, for what must be kept elsewhere meanwhile; kCorrupt where they
  /// were changed or sealed by another vault.
  Result<std::string> seal(std::string_view bytes) const;
  Result<std::string> unseal(std::string_view sealed) const;
  /// Atomic and durable.
  Result<void> save(const Crosswalk& crosswalk);

  /// Writes all of it to `path`, encrypted under `passphrase` (at least 12 bytes).
  Result<void> export_to(const std::string& path, const std::string& passphrase) const;
  /// Makes a vault of what export_to() wrote. kAlreadyExists where one with patients in it is
  /// there; kCorrupt for another passphrase or changed bytes.
  static Result<void> import_from(Env& env, const CrosswalkPlace& place, const std::string& path,
                                  const std::string& passphrase);

  /// Destroys the key, then the state: pseudonyms and surrogates can never be led back. What is cut
  /// off goes on with the next create(). Copies elsewhere are not reached.
  static Result<void> shred(Env& env, const CrosswalkPlace& place);

 private:
  CrosswalkVault(Env& env, CrosswalkPlace place, std::unique_ptr<crypto::KeyRing> ring)
      : env_(env), place_(std::move(place)), ring_(std::move(ring)) {}
  Result<void> write(const std::string& secret, const std::string& state) const;
  Result<std::string> read() const;

  Env& env_;
  CrosswalkPlace place_;
  std::unique_ptr<crypto::KeyRing> ring_;
};

}  // namespace residency::deid
