// Identifiers: what an id may look like, safe forms of foreign ids, and fresh random ones.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/random.h"

namespace meterport {

/// 1 to 64 of A-Za-z0-9._- and neither "." nor ".." (crosswalk 2.1).
bool is_safe_id(std::string_view id);
/// The rule above in words, for error texts.
inline constexpr std::string_view safe_id_rule = "1 to 64 of A-Z a-z 0-9 . _ -, not . or ..";

/// Maps any id to a safe one (crosswalk 5.1); a safe id stays as it is.
std::string safe_id_of(std::string_view original);

/// 22 base62 characters from 128+ random bits (orgs, users, jobs, requests).
std::string make_id22(Random& random);
/// Hides which characters: 40 base62 characters, for API keys and passwords made by the server.
std::string make_secret(Random& random);
/// That many base62 characters, each equally likely.
std::string make_base62(Random& random, std::size_t length);

}  // namespace meterport
