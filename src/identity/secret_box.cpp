#include "identity/secret_box.h"

#include <sodium.h>

#include <vector>

#include "base/hash.h"

namespace meterport::identity {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(std::tuple_size_v<SecretHash::Key> == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string SecretBox::seal(std::string_view secret, std::string_view owner) const {
  Bytes out(nonce_bytes + secret.size() + tag_bytes);
  random_.fill(std::span(out).first(nonce_bytes));
  // Cannot fail; the return value is there for the library's other primitives.
  (void)crypto_aead_xchacha20poly1305_ietf_encrypt(out.data() + nonce_bytes, nullptr, bytes_of(secret), secret.size(),
                                                   bytes_of(owner), owner.size(), nullptr, out.data(), key_.data());
  return to_hex(out);
}

Result<std::string> SecretBox::open(std::string_view sealed, std::string_view owner) const {
  const auto damaged = [&] {
    return fail(ErrorKind::store_unavailable,
                "a sealed secret does not open: keys/identity-secret is not the one of this control store",
                std::string(owner));
  };
  Bytes in(sealed.size() / 2);
  if (in.size() < nonce_bytes + tag_bytes || !from_hex(sealed, in)) return damaged();
  std::string secret(in.size() - nonce_bytes - tag_bytes, '\0');
  const int opened = crypto_aead_xchacha20poly1305_ietf_decrypt(
      reinterpret_cast<unsigned char*>(secret.data()), nullptr, nullptr, in.data() + nonce_bytes,
      in.size() - nonce_bytes, bytes_of(owner), owner.size(), in.data(), key_.data());
  if (opened != 0) return damaged();
  return secret;
}

}  // namespace meterport::identity
