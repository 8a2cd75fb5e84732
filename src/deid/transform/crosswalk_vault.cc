#include "deid/transform/crosswalk_vault.h"

#include <charconv>
#include <cstdlib>
#include <fmt/format.h>

#include "crypto/aead.h"
#include "crypto/envelope.h"
#include "crypto/passphrase.h"
#include "crypto/random.h"

namespace residency::deid {
namespace {

constexpr std::string_view kLabel = "residency crosswalk";
constexpr std::string_view kSealPurpose = "residency crosswalk seal";
constexpr std::string_view kExportMagic = "RESXWK01";
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kSealedBytesMax = 1u << 30;  // AES-GCM takes one message of an int's length
constexpr std::size_t kPassphraseBytesMin = 12;
constexpr std::uint64_t kExportBytesMax = 1ull << 31;

std::string state_path(const CrosswalkPlace& place) { return place.folder + "/state.bin"; }
std::string marker_path(const CrosswalkPlace& place) { return place.folder + "/shredding"; }
std::string generation_path(const CrosswalkPlace& place) { return place.folder + "/generation"; }
std::string ring_path(const CrosswalkPlace& place) { return place.keys + "/ring.json"; }

std::optional<std::string> from_environment(const char* name) {
  const char* given = std::getenv(name);
  if (given == nullptr || *given == '\0') return std::nullopt;
  return std::string(given);
}

Result<std::uint64_t> read_generation(Env& env, const CrosswalkPlace& place) {
  if (!env.exists(generation_path(place))) return std::uint64_t{0};
  RESIDENCY_TRY(const std::string text, env.read_file(generation_path(place), 64));
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data())
    return corrupt("the crosswalk's generation is no number: " + generation_path(place));
  return number;
}

/// Writes over a file what tells nothing, then removes it.
Result<void> overwrite(Env& env, const std::string& path) {
  if (!env.exists(path)) return {};
  RESIDENCY_TRY(const auto old, env.open_read(path));
  RESIDENCY_TRY(const std::string noise,
                crypto::random_bytes(static_cast<std::size_t>(old->size())));
  RESIDENCY_TRY(auto file, env.create(path));
  RESIDENCY_TRY_VOID(file->append(noise));
  RESIDENCY_TRY_VOID(file->sync());
  RESIDENCY_TRY_VOID(file->close());
  return env.remove(path);
}

std::string payload(const std::string& secret, const std::string& state) {
  return dump_json({{"version", 1}, {"secret", crypto::to_hex(secret)}, {"state", state}});
}

struct Contents {
  std::string secret;
  std::string state;
};

Result<Contents> contents_of(const std::string& text) {
  const auto json = parse_json(text);
  if (!json.ok()) return corrupt("the crosswalk can't be read");
  const auto secret = crypto::from_hex(json_text(*json, "secret"));
  if (!secret.ok() || secret->size() != kSecretBytes)
    return corrupt("the crosswalk's secret can't be read");
  return Contents{*secret, json_text(*json, "state")};
}

Result<void> finish_shredding(Env& env, const CrosswalkPlace& place) {
  RESIDENCY_TRY_VOID(overwrite(env, place.keys + "/master.key"));
  RESIDENCY_TRY_VOID(overwrite(env, ring_path(place)));
  RESIDENCY_TRY_VOID(overwrite(env, state_path(place)));
  RESIDENCY_TRY_VOID(overwrite(env, state_path(place) + ".part"));
  RESIDENCY_TRY_VOID(env.remove(marker_path(place)));
  return env.sync_directory(place.folder);
}

}  // namespace

CrosswalkPlace CrosswalkPlace::of_workspace(const std::string& root) {
  CrosswalkPlace place;
  place.folder = root + "/crosswalk";
  place.keys = from_environment("RESIDENCY_CROSSWALK_KEYS").value_or(root + "/keys/crosswalk");
  place.passphrase = from_environment("RESIDENCY_CROSSWALK_PASSPHRASE");
  if (!place.passphrase) place.passphrase = from_environment("RESIDENCY_PASSPHRASE");
  return place;
}

bool CrosswalkVault::exists(Env& env, const CrosswalkPlace& place) {
  return env.exists(state_path(place)) && !env.exists(marker_path(place));
}

Result<std::string> CrosswalkVault::generation(Env& env, const CrosswalkPlace& place) {
  RESIDENCY_TRY(const std::uint64_t number, read_generation(env, place));
  return number == 0 ? std::string() : fmt::format("crosswalk {}", number);
}

Result<CrosswalkStatus> CrosswalkVault::status(Env& env, const CrosswalkPlace& place) {
  CrosswalkStatus status;
  status.exists = exists(env, place);
  status.key_here = env.exists(ring_path(place));
  status.passphrase = status.key_here && !env.exists(place.keys + "/master.key");
  RESIDENCY_TRY(status.generation, read_generation(env, place));
  if (status.exists) {
    RESIDENCY_TRY(const auto file, env.open_read(state_path(place)));
    status.state_bytes = file->size();
  }
  return status;
}

Result<void> CrosswalkVault::create(Env& env, const CrosswalkPlace& place) {
  if (exists(env, place)) return {};
  RESIDENCY_TRY(const std::string secret, crypto::random_bytes(kSecretBytes));
  return adopt(env, place, secret, "");
}

Result<void> CrosswalkVault::adopt(Env& env, const CrosswalkPlace& place, const std::string& secret,
                                   const std::string& state) {
  if (exists(env, place)) return already_exists("there is a crosswalk: " + place.folder);
  RESIDENCY_TRY_VOID(env.make_directories(place.folder));
  if (env.exists(marker_path(place))) RESIDENCY_TRY_VOID(finish_shredding(env, place));
  if (!env.exists(ring_path(place)))
    RESIDENCY_TRY_VOID(crypto::KeyRing::create(env, place.keys, place.passphrase));
  RESIDENCY_TRY(auto ring, crypto::KeyRing::open(env, place.keys, place.passphrase));
  return CrosswalkVault(env, place, std::move(ring)).write(secret, state);
}

Result<std::unique_ptr<CrosswalkVault>> CrosswalkVault::open(Env& env,
                                                             const CrosswalkPlace& place) {
  if (!exists(env, place))
    return not_found("this workspace has no crosswalk yet: the first de-identification makes it");
  if (!env.exists(ring_path(place)))
    return failed_precondition(
        "the crosswalk's key is not here; say where it is with RESIDENCY_CROSSWALK_KEYS: " +
        place.keys);
  auto ring = crypto::KeyRing::open(env, place.keys, place.passphrase);
  if (!ring.ok()) return ring.error().with_context("the crosswalk's key");
  return std::unique_ptr<CrosswalkVault>(
      new CrosswalkVault(env, place, std::move(ring).value()));  // NOLINT: private constructor
}

Result<void> CrosswalkVault::write(const std::string& secret, const std::string& state) const {
  const std::string path = state_path(place_);
  RESIDENCY_TRY(auto file, env_.create(path + ".part"));
  RESIDENCY_TRY(auto envelope,
                crypto::EnvelopeWriter::start(*ring_, std::string(kLabel), std::move(file)));
  RESIDENCY_TRY_VOID(envelope.append(payload(secret, state)));
  RESIDENCY_TRY_VOID(envelope.finish());
  RESIDENCY_TRY_VOID(env_.rename(path + ".part", path));
  return env_.sync_directory(place_.folder);
}

Result<std::string> CrosswalkVault::read() const {
  RESIDENCY_TRY(auto file, env_.open_read(state_path(place_)));
  RESIDENCY_TRY(auto reader,
                crypto::EnvelopeReader::open(*ring_, std::string(kLabel), std::move(file)));
  std::string text;
  while (!reader.at_end()) {
    RESIDENCY_TRY(const std::string piece, reader.next());
    text += piece;
  }
  return text;
}

Result<Crosswalk> CrosswalkVault::load() const {
  RESIDENCY_TRY(const std::string text, read());
  RESIDENCY_TRY(auto contents, contents_of(text));
  return Crosswalk::open(std::move(contents.secret), contents.state);
}

Result<std::string> CrosswalkVault::state() const {
  RESIDENCY_TRY(const std::string text, read());
  RESIDENCY_TRY(auto contents, contents_of(text));
  return std::move(contents.state);
}

Result<Crosswalk> CrosswalkVault::load_at(std::string_view state) const {
  RESIDENCY_TRY(const std::string text, read());
  RESIDENCY_TRY(auto contents, contents_of(text));
  return Crosswalk::open(std::move(contents.secret), state);
}

Result<std::string> CrosswalkVault::seal(std::string_view bytes) const {
  if (bytes.size() > kSealedBytesMax)
    return resource_exhausted(fmt::format("bytes to seal, more than: {}", kSealedBytesMax));
  RESIDENCY_TRY(std::string key, ring_->purpose_secret(kSealPurpose));
  RESIDENCY_TRY(const std::string nonce, crypto::random_bytes(crypto::kNonceBytes));
  RESIDENCY_TRY(const std::string sealed,
                crypto::aead_seal(crypto::Secret(std::move(key)), nonce, bytes, kSealPurpose));
  return nonce + sealed;
}

Result<std::string> CrosswalkVault::unseal(std::string_view sealed) const {
  if (sealed.size() < crypto::kNonceBytes) return corrupt("sealed bytes are cut short");
  RESIDENCY_TRY(std::string key, ring_->purpose_secret(kSealPurpose));
  return crypto::aead_open(crypto::Secret(std::move(key)), sealed.substr(0, crypto::kNonceBytes),
                           sealed.substr(crypto::kNonceBytes), kSealPurpose);
}

Result<void> CrosswalkVault::save(const Crosswalk& crosswalk) {
  RESIDENCY_TRY(const std::string text, read());
  RESIDENCY_TRY(const auto contents, contents_of(text));
  return write(contents.secret, crosswalk.state());
}

Result<void> CrosswalkVault::export_to(const std::string& path,
                                       const std::string& passphrase) const {
  if (passphrase.size() < kPassphraseBytesMin)
    return invalid_argument(
        fmt::format("the passphrase of an export has at least {} bytes", kPassphraseBytesMin));
  if (env_.exists(path)) return already_exists("there is a file: " + path);
  RESIDENCY_TRY(const std::string text, read());
  RESIDENCY_TRY(const std::string salt, crypto::random_bytes(crypto::kSaltBytes));
  RESIDENCY_TRY(const auto key, crypto::key_from_passphrase(passphrase, salt));
  RESIDENCY_TRY(const std::string nonce, crypto::random_bytes(crypto::kNonceBytes));
  RESIDENCY_TRY(const std::string sealed, crypto::aead_seal(key, nonce, text, kExportMagic));
  return env_.write_file_atomic(path, std::string(kExportMagic) + salt + nonce + sealed);
}

Result<void> CrosswalkVault::import_from(Env& env, const CrosswalkPlace& place,
                                         const std::string& path, const std::string& passphrase) {
  RESIDENCY_TRY(const std::string bytes, env.read_file(path, kExportBytesMax));
  const std::string_view view = bytes;
  constexpr std::size_t kHeader = kExportMagic.size() + crypto::kSaltBytes + crypto::kNonceBytes;
  if (!view.starts_with(kExportMagic) || view.size() < kHeader)
    return invalid_input("the file is no exported crosswalk: " + path);
  const std::string salt(view.substr(kExportMagic.size(), crypto::kSaltBytes));
  RESIDENCY_TRY(const auto key, crypto::key_from_passphrase(passphrase, salt));
  RESIDENCY_TRY(
      const std::string text,
      crypto::aead_open(key, view.substr(kExportMagic.size() + salt.size(), crypto::kNonceBytes),
                        view.substr(kHeader), kExportMagic));
  RESIDENCY_TRY(const auto contents, contents_of(text));
  RESIDENCY_TRY(const auto crosswalk, Crosswalk::open(contents.secret, contents.state));
  if (!exists(env, place)) return adopt(env, place, contents.secret, contents.state);
  RESIDENCY_TRY(const auto vault, open(env, place));
  RESIDENCY_TRY(const auto there, vault->load());
  if (there.patients() > 0)
    return already_exists("this workspace has a crosswalk with patients in it; shred it first");
  return vault->write(contents.secret, contents.state);
}

Result<void> CrosswalkVault::shred(Env& env, const CrosswalkPlace& place) {
  if (!env.exists(state_path(place)) && !env.exists(ring_path(place)))
    return not_found("this workspace has no crosswalk");
  RESIDENCY_TRY(const std::uint64_t before, read_generation(env, place));
  RESIDENCY_TRY_VOID(env.make_directories(place.folder));
  if (!env.exists(marker_path(place))) {
    RESIDENCY_TRY_VOID(
        env.write_file_atomic(generation_path(place), std::to_string(before + 1) + "\n"));
    RESIDENCY_TRY_VOID(env.write_file_atomic(marker_path(place), "\n"));
  }
  return finish_shredding(env, place);
}

}  // namespace residency::deid
