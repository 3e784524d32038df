#include "regions/region_key.h"

#include <sodium.h>

#include "base/hash.h"

namespace meterport::regions {
namespace {

constexpr std::string_view prefix = "ed25519:";
constexpr std::size_t signature_bytes = crypto_sign_BYTES;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string encode(std::span<const std::uint8_t> bytes, int variant) {
  std::string out(sodium_base64_encoded_len(bytes.size(), variant), '\0');
  sodium_bin2base64(out.data(), out.size(), bytes.data(), bytes.size(), variant);
  out.pop_back();  // the C string's end
  return out;
}

std::optional<std::string> decode(std::string_view text, std::size_t size, int variant) {
  std::string out(size, '\0');
  std::size_t got = 0;
  const char* end = nullptr;
  const int failed = sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(),
                                       text.size(), nullptr, &got, &end, variant);
  if (failed != 0 || got != size || end != text.data() + text.size()) return std::nullopt;
  return out;
}

}  // namespace

Result<RegionKey> RegionKey::open(FileSystem& files, const std::string& folder, Random& random) {
  const std::string path = folder + "/region-key";
  Seed seed{};
  if (files.exists(path)) {
    auto hex = read_file(files, path);
    if (!hex) return fail(std::move(hex));
    while (hex->ends_with('\n')) hex->pop_back();
    if (hex->size() != 2 * seed.size() || !from_hex(*hex, seed)) {
      return fail(ErrorKind::store_unavailable,
                  "keys/region-key is damaged: restore it from a backup, or remove it (other regions then need the new "
                  "public key)",
                  path);
    }
    return of(seed);
  }
  random.fill(seed);
  if (auto made = files.make_folders(folder); !made) return fail(std::move(made));
  if (auto written = replace_file(files, path, to_hex(seed) + "\n"); !written) return fail(std::move(written));
  return of(seed);
}

RegionKey RegionKey::of(const Seed& seed) {
  static_assert(std::tuple_size_v<Seed> == crypto_sign_SEEDBYTES);
  static_assert(std::tuple_size_v<decltype(secret_)> == crypto_sign_SECRETKEYBYTES);
  RegionKey key;
  std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> open{};
  (void)crypto_sign_seed_keypair(open.data(), key.secret_.data(), seed.data());  // cannot fail
  key.public_text_ = std::string(prefix) + encode(open, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  return key;
}

std::string RegionKey::sign(std::string_view message) const {
  std::array<std::uint8_t, signature_bytes> signature{};
  (void)crypto_sign_detached(signature.data(), nullptr, bytes_of(message), message.size(), secret_.data());
  return to_base64(signature);
}

bool is_signed_by(std::string_view public_text, std::string_view signature_base64, std::string_view message) {
  if (!public_text.starts_with(prefix)) return false;
  const auto open =
      decode(public_text.substr(prefix.size()), crypto_sign_PUBLICKEYBYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  const auto signature = from_base64(signature_base64, signature_bytes);
  return open && signature &&
         crypto_sign_verify_detached(bytes_of(*signature), bytes_of(message), message.size(), bytes_of(*open)) == 0;
}

std::string to_base64(std::span<const std::uint8_t> bytes) {
  return encode(bytes, sodium_base64_VARIANT_ORIGINAL);
}

std::optional<std::string> from_base64(std::string_view text, std::size_t size) {
  return decode(text, size, sodium_base64_VARIANT_ORIGINAL);
}

}  // namespace meterport::regions
