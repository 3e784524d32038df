#include "identity/passwords.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace meterport::identity {
namespace {

/// Of no user, at the limits that make_hash() uses, so that comparing with it takes as long.
const std::string dummy_hash =
    "$argon2id$v=19$m=65536,t=2,p=1$N6kvvSKGxDL+A+BMqOLrnQ$I1iZ8S5dWZKbN7ae2IvzFrB0f1t6VfdL7oU9PIOR2O0";

/// libsodium wants a pointer even to nothing.
const char* bytes_of(std::string_view password) {
  return password.empty() ? "" : password.data();
}

Result<std::string> make_hash(std::string_view password) {
  std::array<char, crypto_pwhash_STRBYTES> out{};
  if (crypto_pwhash_str_alg(out.data(), bytes_of(password), password.size(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                            crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return fail(ErrorKind::busy, "no memory to hash a password now, try again");
  }
  return std::string(out.data());
}

/// The number after `name` in a PHC text, e.g. "m=" in "$argon2id$v=19$m=65536,t=2,p=1$..."; 0 if there is none.
unsigned long parameter(std::string_view hash, std::string_view name) {
  const std::size_t at = hash.find(name);
  if (at == std::string_view::npos) return 0;
  unsigned long value = 0;
  const char* begin = hash.data() + at + name.size();
  return std::from_chars(begin, hash.data() + hash.size(), value).ec == std::errc{} ? value : 0;
}

}  // namespace

/// A place among the hashes that run at once, while it lives.
class Passwords::Turn {
 public:
  explicit Turn(Passwords& passwords) : passwords_(passwords) {
    if (passwords_.taken_.fetch_add(1) >= passwords_.places_) return;
    passwords_.turns_.acquire();
    taken_ = true;
  }
  ~Turn() {
    if (taken_) passwords_.turns_.release();
    passwords_.taken_.fetch_sub(1);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  [[nodiscard]] Status status() const {
    if (taken_) return {};
    return fail(ErrorKind::busy, "too many log-ins at once, try again");
  }

 private:
  Passwords& passwords_;
  bool taken_ = false;
};

PasswordPlaces password_places(int cores, int blocking_threads) {
  const int most = std::max(1, blocking_threads / 2);
  return {.running = std::clamp(cores, 1, most), .running_or_waiting = std::clamp(2 * cores + 2, 1, most)};
}

Passwords::Passwords(PasswordPlaces places) : turns_(places.running), places_(places.running_or_waiting) {}

Result<std::unique_ptr<Passwords>> Passwords::create(PasswordPlaces places) {
  if (sodium_init() < 0) return fail(ErrorKind::internal, "internal error", "libsodium cannot start");
  return std::make_unique<Passwords>(places);
}

Result<std::string> Passwords::hash(std::string_view password) {
  const Turn turn(*this);
  if (auto status = turn.status(); !status) return fail(std::move(status));
  return make_hash(password);
}

Result<bool> Passwords::matches(const std::string& hash, std::string_view password) {
  const Turn turn(*this);
  if (auto status = turn.status(); !status) return fail(std::move(status));
  return crypto_pwhash_str_verify(hash.c_str(), bytes_of(password), password.size()) == 0;
}

Status Passwords::pretend_to_match(std::string_view password) {
  auto done = matches(dummy_hash, password);
  if (!done) return fail(std::move(done));
  return {};
}

bool Passwords::is_usable_hash(const std::string& hash) {
  if (!hash.starts_with("$argon2id$v=19$") || hash.size() >= crypto_pwhash_STRBYTES) return false;
  const unsigned long memory_kib = parameter(hash, "$m="), passes = parameter(hash, ",t=");
  if (memory_kib < 8 || memory_kib > 256 * 1024 || passes < 1 || passes > 8) return false;
  // salt and hash: two more parts
  return std::ranges::count(hash, '$') == 5 && !hash.ends_with('$');
}

}  // namespace meterport::identity
