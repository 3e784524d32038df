#include "http/mail_client.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "http/curl_handles.h"

namespace meterport::http {
namespace {

constexpr std::int64_t connect_ms_max = 5'000;
constexpr std::size_t reply_characters_max = 200;

struct Exchange {
  std::string_view left;  ///< of the message
  MailReply reply;        ///< the last one but QUIT's
  bool is_greeted = false;
};

std::size_t give_message(char* to, std::size_t, std::size_t room, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const std::size_t bytes = std::min(room, exchange.left.size());
  std::memcpy(to, exchange.left.data(), bytes);
  exchange.left.remove_prefix(bytes);
  return bytes;
}

/// The line as it may stand in logs and listings; code 0: it is none.
MailReply reply_of(std::string_view line) {
  MailReply reply;
  for (const char c : line.substr(0, 3)) {
    if (c < '0' || c > '9') return {};
    reply.code = reply.code * 10 + (c - '0');
  }
  for (const char c : line) {
    if (reply.text.size() < reply_characters_max && c >= ' ' && c <= '~') reply.text += c;
  }
  return reply;
}

/// curl hands the server's reply lines in as it does an answer's headers, also those to the QUIT after a refusal.
std::size_t on_reply(char* data, std::size_t, std::size_t bytes, void* user) {
  constexpr int ready = 220, closing = 221;
  auto& exchange = *static_cast<Exchange*>(user);
  MailReply reply = reply_of({data, bytes});
  if (reply.code == ready) exchange.is_greeted = true;
  if (reply.code != closing) exchange.reply = std::move(reply);
  return bytes;
}

/// Whether the server's words, and not the way to them, ended the exchange.
bool is_reply(CURLcode code) {
  return code == CURLE_OK || code == CURLE_SEND_ERROR || code == CURLE_WEIRD_SERVER_REPLY ||
         code == CURLE_UPLOAD_FAILED;
}

Result<MailReply> outcome(CURLcode code, const Exchange& exchange) {
  const MailReply& reply = exchange.reply;
  const bool is_refusal = reply.code >= 400;
  if (code == CURLE_OK || (is_reply(code) && is_refusal && exchange.is_greeted)) return reply;
  std::string why = curl_easy_strerror(code);
  // A greeting (554: no mail is taken here now), log-in or STARTTLS: the server's words help more than curl's.
  if (is_refusal) why += ": " + reply.text;
  return fail(ErrorKind::store_unavailable, "mail server: " + why);
}

void set_server(CURL* easy, const MailServer& server) {
  curl_easy_setopt(easy, CURLOPT_URL, server.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  const auto tls = server.tls == MailTls::required     ? CURLUSESSL_ALL
                   : server.tls == MailTls::if_offered ? CURLUSESSL_TRY
                                                       : CURLUSESSL_NONE;
  curl_easy_setopt(easy, CURLOPT_USE_SSL, static_cast<long>(tls));
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!server.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, server.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);  // else the system's would be trusted as well
  }
  if (!server.user.empty()) {
    curl_easy_setopt(easy, CURLOPT_USERNAME, server.user.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, server.password.c_str());
  }
}

void set_mail(CURL* easy, const OutboundMail& mail, const List& recipients, Exchange& exchange) {
  curl_easy_setopt(easy, CURLOPT_MAIL_FROM, mail.from.c_str());
  curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, recipients.get());
  curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(mail.message.size()));
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_message);
  curl_easy_setopt(easy, CURLOPT_READDATA, &exchange);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_reply);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min(mail.timeout_ms, connect_ms_max)));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(mail.timeout_ms));
  end_when(easy, mail.cancelled);
}

}  // namespace

Status check_mail_server_url(const std::string& text) {
  const auto refused = [](std::string why) { return fail(ErrorKind::invalid, std::move(why)); };
  const Url url(curl_url());
  if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return refused("not a valid URL");
  const std::string scheme = url_part(url.get(), CURLUPART_SCHEME);
  if (!text.contains("://") || (scheme != "smtp" && scheme != "smtps")) {
    return refused("must begin with smtp:// or smtps://");
  }
  if (url_part(url.get(), CURLUPART_HOST).empty()) return refused("there is no host");
  for (const CURLUPart part : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS}) {
    if (!url_part(url.get(), part).empty()) return refused("user and password do not belong into it");
  }
  const std::string path = url_part(url.get(), CURLUPART_PATH);
  const bool is_bare = path.empty() || path == "/";
  for (const CURLUPart part : {CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
    if (!is_bare || !url_part(url.get(), part).empty()) return refused("only host and port may follow");
  }
  return {};
}

Result<MailReply> send_mail(const MailServer& server, const OutboundMail& mail) {
  const Easy easy(is_curl_ready() ? curl_easy_init() : nullptr);
  const List recipients(curl_slist_append(nullptr, mail.to.c_str()));
  if (!easy || !recipients) return fail(ErrorKind::internal, "the mail client did not start");
  Exchange exchange{.left = mail.message, .reply = {}};
  set_server(easy.get(), server);
  set_mail(easy.get(), mail, recipients, exchange);
  const CURLcode code = curl_easy_perform(easy.get());
  return outcome(code, exchange);
}

}  // namespace meterport::http
