// The operator's mail server as the settings name it (mail.*). Private to delivery. Immutable; any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "base/error.h"
#include "base/settings.h"
#include "delivery/mail_message.h"
#include "http/mail_client.h"

namespace meterport::delivery {

class MailSender {
 public:
  /// None without mail.server. invalid names the setting: a server that is no smtp(s) URL, mail.from missing or no
  /// address, one of user and password file without the other, a file that can't be read.
  static Result<std::optional<MailSender>> make(const Settings& settings);

  /// One attempt, from mail.from; blocking. Results as http::send_mail.
  [[nodiscard]] Result<http::MailReply> send(MailContent mail, std::int64_t timeout_ms,
                                             const std::atomic<bool>& cancelled) const;

 private:
  http::MailServer server_;
  std::string from_;
};

}  // namespace meterport::delivery
