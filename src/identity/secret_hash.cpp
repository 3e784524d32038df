#include "identity/secret_hash.h"

#include <sodium.h>

#include "base/hash.h"

namespace meterport::identity {

Result<SecretHash> SecretHash::open(FileSystem& files, const std::string& folder, Random& random, bool may_create) {
  const std::string path = folder + "/identity-secret";
  SecretHash hash;
  if (files.exists(path)) {
    auto hex = read_file(files, path);
    if (!hex) return fail(std::move(hex));
    while (hex->ends_with('\n')) hex->pop_back();
    if (hex->size() != 2 * hash.key_.size() || !from_hex(*hex, hash.key_)) {
      return fail(ErrorKind::store_unavailable, "keys/identity-secret is damaged: restore it from a backup", path);
    }
    return hash;
  }
  if (!may_create) {
    return fail(ErrorKind::store_unavailable,
                "keys/identity-secret is missing, but there are API keys: restore it from a backup", path);
  }
  random.fill(hash.key_);
  if (auto made = files.make_folders(folder); !made) return fail(std::move(made));
  if (auto written = replace_file(files, path, to_hex(hash.key_) + "\n"); !written) return fail(std::move(written));
  return hash;
}

std::string SecretHash::of(std::string_view secret) const {
  std::array<std::uint8_t, 32> out;
  std::string bytes(secret);
  if (crypto_generichash(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                         key_.data(), key_.size()) != 0) {
    return {};  // only for sizes out of bounds, which these are not
  }
  return to_hex(out);
}

SecretHash::Key SecretHash::derived_key(Purpose purpose) const {
  static_assert(std::tuple_size_v<Key> == crypto_kdf_KEYBYTES);
  Key key{};
  // Fails only for sizes out of bounds, which these are not.
  (void)crypto_kdf_derive_from_key(key.data(), key.size(), static_cast<std::uint64_t>(purpose), "identity",
                                   key_.data());
  return key;
}

}  // namespace meterport::identity
