#include "crypto/crypto.h"

#include <algorithm>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/aead.h"

namespace residency::crypto {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string fresh_dir() {
  const std::string path = ::testing::TempDir() + "residency_crypto_" +
                           ::testing::UnitTest::GetInstance()->current_test_info()->name();
  std::filesystem::remove_all(path);
  return path;
}

// FIPS 180-4's and RFC 4231's own examples.
TEST(Sha256Test, GivesThePublishedDigests) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Sha256Test, StreamsAndStartsAgain) {
  Sha256 hash;
  hash.update("a");
  hash.update("bc");
  EXPECT_EQ(hash.finish_hex(), sha256_hex("abc"));
  hash.update("abc");
  EXPECT_EQ(hash.finish_hex(), sha256_hex("abc"));
}

// RFC 5869, test case 3 has no salt and no info; ours binds an info, so only its shape is checked.
TEST(Hkdf, DependsOnSecretAndPurpose) {
  EXPECT_EQ(hkdf_sha256("secret", "a", 32).value(), hkdf_sha256("secret", "a", 32).value());
  EXPECT_NE(hkdf_sha256("secret", "a", 32).value(), hkdf_sha256("secret", "b", 32).value());
  EXPECT_NE(hkdf_sha256("secret", "a", 32).value(), hkdf_sha256("other", "a", 32).value());
}

TEST(Hex, RefusesWhatIsNone) {
  EXPECT_EQ(from_hex("00ff").value(), std::string("\0\xff", 2));
  EXPECT_FALSE(from_hex("0").ok());
  EXPECT_FALSE(from_hex("zz").ok());
}

// NIST's GCM test case 14 for a 256-bit key: zero key, zero nonce, one block of zeros.
TEST(Aead, GivesThePublishedCiphertext) {
  const Secret key(std::string(32, '\0'));
  const std::string nonce(12, '\0');
  EXPECT_EQ(to_hex(aead_seal(key, nonce, std::string(16, '\0'), "").value()),
            "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
}

TEST(Aead, OpensOnlyWhatWasSealed) {
  const Secret key(std::string(32, 'k'));
  const std::string nonce(12, 'n');
  const std::string sealed = aead_seal(key, nonce, "text", "label").value();
  EXPECT_EQ(aead_open(key, nonce, sealed, "label").value(), "text");
  EXPECT_FALSE(aead_open(key, nonce, sealed, "other").ok());
  EXPECT_FALSE(aead_open(key, std::string(12, 'm'), sealed, "label").ok());
  EXPECT_FALSE(aead_open(Secret(std::string(32, 'x')), nonce, sealed, "label").ok());
  EXPECT_FALSE(aead_open(key, nonce, sealed.substr(1), "label").ok());
  EXPECT_FALSE(aead_open(key, nonce, "short", "label").ok());
}

TEST(Signature, HoldsForItsMessageAndKeyOnly) {
  const Secret seed(std::string(32, 's'));
  const std::string public_key = ed25519_public_key(seed).value();
  const std::string signature = ed25519_sign(seed, "message").value();
  EXPECT_TRUE(ed25519_verify(public_key, "message", signature));
  EXPECT_FALSE(ed25519_verify(public_key, "massage", signature));
  EXPECT_FALSE(ed25519_verify(std::string(32, 'p'), "message", signature));
  EXPECT_FALSE(ed25519_verify(public_key, "message", ""));
}

TEST(KeyRingTest, UnwrapsWhatItWrappedAfterRotationToo) {
  const std::string dir = fresh_dir();
  ASSERT_TRUE(KeyRing::create(Env::posix(), dir, std::nullopt).ok());
  EXPECT_EQ(KeyRing::create(Env::posix(), dir, std::nullopt).error().code(),
            ErrorCode::kAlreadyExists);
  auto ring = KeyRing::open(Env::posix(), dir, std::nullopt).value();
  const std::string wrapped = ring->wrap(Secret(std::string(32, 'd')), "label").value();
  const std::string purpose = ring->purpose_secret("rows").value();
  ASSERT_TRUE(ring->rotate().ok());
  auto again = KeyRing::open(Env::posix(), dir, std::nullopt).value();
  EXPECT_EQ(again->count(), 2u);
  EXPECT_EQ(again->unwrap(wrapped, "label").value().reveal(), std::string(32, 'd'));
  EXPECT_FALSE(again->unwrap(wrapped, "other").ok());
  EXPECT_EQ(again->purpose_secret("rows").value(), purpose);
}

TEST(KeyRingTest, APassphraseOpensItAndAnotherDoesNot) {
  const std::string dir = fresh_dir();
  ASSERT_TRUE(KeyRing::create(Env::posix(), dir, "open sesame").ok());
  EXPECT_FALSE(Env::posix().exists(dir + "/master.key"));
  EXPECT_TRUE(KeyRing::open(Env::posix(), dir, "open sesame").ok());
  EXPECT_EQ(KeyRing::open(Env::posix(), dir, "open barley").error().code(),
            ErrorCode::kUnauthenticated);
  EXPECT_EQ(KeyRing::open(Env::posix(), dir, std::nullopt).error().code(),
            ErrorCode::kUnauthenticated);
}

TEST(KeyRingTest, AChangedRingOrMasterKeyIsRefused) {
  const std::string dir = fresh_dir();
  ASSERT_TRUE(KeyRing::create(Env::posix(), dir, std::nullopt).ok());
  ASSERT_TRUE(Env::posix().write_file_atomic(dir + "/master.key", std::string(64, '0')).ok());
  EXPECT_EQ(KeyRing::open(Env::posix(), dir, std::nullopt).error().code(), ErrorCode::kCorrupt);
  ASSERT_TRUE(Env::posix().write_file_atomic(dir + "/master.key", "not hex").ok());
  EXPECT_EQ(KeyRing::open(Env::posix(), dir, std::nullopt).error().code(), ErrorCode::kCorrupt);
  ASSERT_TRUE(Env::posix().write_file_atomic(dir + "/ring.json", "{").ok());
  EXPECT_FALSE(KeyRing::open(Env::posix(), dir, std::nullopt).ok());
}

class EnvelopeTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  void SetUp() override {
    dir_ = fresh_dir();
    std::replace(dir_.begin() + 5, dir_.end(), '/', '_');
    std::filesystem::remove_all(dir_);
    ASSERT_TRUE(KeyRing::create(Env::posix(), dir_, std::nullopt).ok());
    ring_ = KeyRing::open(Env::posix(), dir_, std::nullopt).value();
  }
  void write(const std::string& text) {
    auto writer =
        EnvelopeWriter::start(*ring_, "label", Env::posix().create(dir_ + "/object").value())
            .value();
    for (std::size_t at = 0; at < text.size(); at += 1000)
      ASSERT_TRUE(writer.append(std::string_view(text).substr(at, 1000)).ok());
    ASSERT_TRUE(writer.finish().ok());
  }
  Result<std::string> read() {
    RESIDENCY_TRY(auto file, Env::posix().open_read(dir_ + "/object"));
    RESIDENCY_TRY(auto reader, EnvelopeReader::open(*ring_, "label", std::move(file)));
    std::string text;
    while (!reader.at_end()) {
      RESIDENCY_TRY(const std::string piece, reader.next());
      text += piece;
    }
    return text;
  }
  std::string dir_;
  std::unique_ptr<KeyRing> ring_;
};

TEST_P(EnvelopeTest, GivesBackWhatWasWritten) {
  std::string text(GetParam(), 'x');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 31 % 251);
  write(text);
  EXPECT_EQ(read().value(), text);
}

INSTANTIATE_TEST_SUITE_P(ChunkBorders, EnvelopeTest,
                         ::testing::Values(0, 1, kChunkBytes - 1, kChunkBytes, kChunkBytes + 1,
                                           3 * kChunkBytes, 3 * kChunkBytes + 7));

TEST_F(EnvelopeTest, MovedRepeatedAndCutChunksAreFound) {
  write(std::string(3 * kChunkBytes, 'x'));
  const std::string bytes = Env::posix().read_file(dir_ + "/object").value();
  const std::size_t header = 8 + KeyRing::wrapped_bytes();
  const std::size_t chunk = kChunkBytes + 16;
  const std::string first = bytes.substr(header, chunk);
  const std::string second = bytes.substr(header + chunk, chunk);
  const std::string third = bytes.substr(header + 2 * chunk);
  const std::string head = bytes.substr(0, header);
  for (const std::string& changed :
       {head + second + first + third, head + first + third, head + first + second,
        head + first + second + second + third, head + first, head}) {
    ASSERT_TRUE(Env::posix().write_file_atomic(dir_ + "/object", changed).ok());
    EXPECT_FALSE(read().ok());
  }
}

TEST_F(EnvelopeTest, AnotherRingOpensNothing) {
  write("text");
  const std::string other = dir_ + "_other";
  std::filesystem::remove_all(other);
  ASSERT_TRUE(KeyRing::create(Env::posix(), other, std::nullopt).ok());
  ring_ = KeyRing::open(Env::posix(), other, std::nullopt).value();
  EXPECT_FALSE(read().ok());
}

}  // namespace
}  // namespace residency::crypto
