// What the audit trail tells: who did what to whose secrets and rights, and which log-ins and signatures were refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.h"

namespace meterport::identity {

enum class AuditEvent : std::uint8_t {
  login_refused,
  signature_refused,
  call_refused,  ///< who is calling was known, and may not
  user_created,
  user_changed,
  password_changed,
  key_created,
  key_revoked,
  application_created,
  application_revoked,
  token_created,
  token_revoked,
};
std::string_view to_string(AuditEvent event);  ///< "login_refused"
std::optional<AuditEvent> parse_audit_event(std::string_view text);
/// All of them, joined by ", ": for error texts.
std::string audit_event_names();

/// Texts are empty where nothing is known.
struct AuditEntry {
  std::uint64_t number = 0;  ///< grows by one an entry
  Instant time;
  AuditEvent event = AuditEvent::login_refused;
  std::string org;                      ///< whose admins see it; empty: operators only
  std::string principal, principal_id;  ///< who did it: name and id
  std::string subject;                  ///< user name, key id, token id, consumer key or app id
  std::string peer;                     ///< address of the caller
  std::string detail;                   ///< cause of a refusal; what was given
};

struct AuditQuery {
  std::string event = {};  ///< empty: all
  std::size_t page_size = 100;
  std::string page_token = {};  ///< next_page_token of the page before
};

struct AuditPage {
  std::vector<AuditEntry> entries;  ///< newest first
  std::string next_page_token;      ///< empty: this was the last page
};

}  // namespace meterport::identity
