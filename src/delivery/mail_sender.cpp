#include "delivery/mail_sender.h"

#include <utility>

#include "base/file_system.h"

namespace meterport::delivery {
namespace {

std::unexpected<Error> bad(const std::string& setting, const std::string& why, std::string detail = {}) {
  return fail(ErrorKind::invalid, setting + ": " + why, std::move(detail), setting);
}

http::MailTls tls_of(const std::string& word) {
  if (word == "none") return http::MailTls::none;
  return word == "if-offered" ? http::MailTls::if_offered : http::MailTls::required;
}

Result<std::string> read_password(const std::string& path) {
  auto password = read_file(system_files(), path);
  if (!password) return bad("mail.password_file", "cannot be read", password.error().text);
  while (password->ends_with('\n') || password->ends_with('\r')) password->pop_back();
  if (password->empty()) return bad("mail.password_file", "holds no password");
  return password;
}

}  // namespace

Result<std::optional<MailSender>> MailSender::make(const Settings& settings) {
  MailSender sender;
  sender.server_.url = settings.text("mail.server");
  if (sender.server_.url.empty()) return std::optional<MailSender>();
  if (auto fine = http::check_mail_server_url(sender.server_.url); !fine) return bad("mail.server", fine.error().text);
  sender.from_ = settings.text("mail.from");
  if (sender.from_.empty()) return bad("mail.from", "must be set where mail.server is");
  if (auto fine = check_mail_address(sender.from_); !fine) return bad("mail.from", fine.error().text);
  sender.server_.tls = tls_of(settings.text("mail.tls"));
  sender.server_.user = settings.text("mail.user");
  const std::string& password_file = settings.text("mail.password_file");
  if (sender.server_.user.empty() != password_file.empty()) {
    return bad(password_file.empty() ? "mail.password_file" : "mail.user", "user and password file go together");
  }
  if (!password_file.empty()) {
    auto password = read_password(password_file);
    if (!password) return fail(std::move(password));
    sender.server_.password = std::move(*password);
  }
  sender.server_.ca_file = settings.text("mail.ca_file");
  if (!sender.server_.ca_file.empty()) {
    if (auto read = read_file(system_files(), sender.server_.ca_file); !read) {
      return bad("mail.ca_file", "cannot be read", read.error().text);
    }
  }
  return std::optional(std::move(sender));
}

Result<http::MailReply> MailSender::send(MailContent mail, std::int64_t timeout_ms,
                                         const std::atomic<bool>& cancelled) const {
  mail.from = from_;
  http::OutboundMail out;
  out.from = from_;
  out.to = mail.to;
  out.message = mail_message(mail);
  out.timeout_ms = timeout_ms;
  out.cancelled = &cancelled;
  return http::send_mail(server_, out);
}

}  // namespace meterport::delivery
