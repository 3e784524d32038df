#include "delivery/signing.h"

#include <fmt/format.h>
#include <sodium.h>

#include <span>

#include "base/hash.h"

namespace meterport::delivery {
namespace {

constexpr int base64_variant = sodium_base64_VARIANT_ORIGINAL;

std::string to_base64(std::span<const std::uint8_t> bytes) {
  std::string out(sodium_base64_encoded_len(bytes.size(), base64_variant), '\0');
  sodium_bin2base64(out.data(), out.size(), bytes.data(), bytes.size(), base64_variant);
  out.pop_back();  // the C string's end
  return out;
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

struct KeyPair {
  std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> open{};
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret{};
};

KeyPair key_pair_of(const std::array<std::uint8_t, crypto_sign_SEEDBYTES>& seed) {
  KeyPair pair;
  (void)crypto_sign_seed_keypair(pair.open.data(), pair.secret.data(), seed.data());  // cannot fail
  return pair;
}

}  // namespace

Result<SigningKeys> SigningKeys::open(FileSystem& files, const std::string& folder, Random& random) {
  const std::string path = folder + "/delivery-secret";
  SigningKeys keys;
  if (files.exists(path)) {
    auto hex = read_file(files, path);
    if (!hex) return fail(std::move(hex));
    while (hex->ends_with('\n')) hex->pop_back();
    if (hex->size() != 2 * keys.secret_.size() || !from_hex(*hex, keys.secret_)) {
      return fail(
          ErrorKind::store_unavailable,
          "keys/delivery-secret is damaged: restore it from a backup, or remove it (receivers of callbacks then "
          "need their new secrets)",
          path);
    }
    return keys;
  }
  random.fill(keys.secret_);
  if (auto made = files.make_folders(folder); !made) return fail(std::move(made));
  auto written = replace_file(files, path, to_hex(keys.secret_) + "\n");
  if (!written) return fail(std::move(written));
  return keys;
}

SigningKeys::Key SigningKeys::derived(Purpose purpose, std::string_view org) const {
  const std::string input = static_cast<char>(purpose) + std::string(org);
  Key key{};
  // Fails only for sizes out of bounds, which these are not.
  (void)crypto_generichash(key.data(), key.size(), bytes_of(input), input.size(), secret_.data(), secret_.size());
  return key;
}

std::string SigningKeys::secret_of(std::string_view org) const {
  return "whsec_" + to_base64(derived(Purpose::hmac, org));
}

std::string SigningKeys::public_key_of(std::string_view org) const {
  return "whpk_" + to_base64(key_pair_of(derived(Purpose::ed25519, org)).open);
}

std::string SigningKeys::signature(std::string_view org, std::string_view id, std::int64_t unix_seconds,
                                   std::string_view body) const {
  const std::string content = fmt::format("{}.{}.{}", id, unix_seconds, body);
  const Key hmac_key = derived(Purpose::hmac, org);
  static_assert(std::tuple_size_v<Key> == crypto_auth_hmacsha256_KEYBYTES);
  std::array<std::uint8_t, crypto_auth_hmacsha256_BYTES> mac{};
  (void)crypto_auth_hmacsha256(mac.data(), bytes_of(content), content.size(), hmac_key.data());
  const KeyPair pair = key_pair_of(derived(Purpose::ed25519, org));
  std::array<std::uint8_t, crypto_sign_BYTES> signed_by{};
  (void)crypto_sign_detached(signed_by.data(), nullptr, bytes_of(content), content.size(), pair.secret.data());
  return fmt::format("v1,{} v1a,{}", to_base64(mac), to_base64(signed_by));
}

}  // namespace meterport::delivery
