// Outbound mail through libcurl (SMTP, RFC 5321). The server is the operator's own, so the guard against private
// addresses does not apply; proxies of the environment are not used. Under TLS the server's certificate and host name
// are always verified. Blocking; any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/error.h"

namespace meterport::http {

enum class MailTls {
  required,    ///< STARTTLS, or nothing is sent
  if_offered,  ///< STARTTLS when the server offers it: who sits in between can take the offer away
  none
};

struct MailServer {
  std::string url;                    ///< smtp://host:587, or smtps://host:465 for TLS from the start
  MailTls tls = MailTls::required;    ///< of smtp://
  std::string user = {}, password{};  ///< empty: no log-in
  std::string ca_file = {};           ///< PEM; empty: the system's certificates
};

struct OutboundMail {
  std::string from, to;              ///< plain addresses
  std::string message;               ///< RFC 5322, with CRLF
  std::int64_t timeout_ms = 10'000;  ///< of the whole exchange
  /// When it turns true, the exchange ends within about a second as store_unavailable. May be null.
  const std::atomic<bool>* cancelled = nullptr;
};

/// What the server said last about the mail: 250, or the 4xx or 5xx reply to sender, recipient or content.
struct MailReply {
  int code = 0;
  std::string text;  ///< its line, cut to 200 printable characters
  /// The server has the mail.
  [[nodiscard]] bool is_accepted() const { return code / 100 == 2; }
  /// Sending it again would be refused again. (530 asks for TLS or a log-in: it is the set-up that must change.)
  [[nodiscard]] bool is_final() const { return code / 100 == 5 && code != 530; }
};

/// invalid: not smtp(s)://, no host, credentials or more than host and port in it.
Status check_mail_server_url(const std::string& url);

/// store_unavailable: no connection, timeout, no TLS where it is required, a certificate that is not trusted, a log-in
/// that is refused: trouble with the server and not with the mail. `text` says which; the password is in no text.
Result<MailReply> send_mail(const MailServer& server, const OutboundMail& mail);

}  // namespace meterport::http
