#include "delivery/mail_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace meterport::delivery {
namespace {

constexpr std::size_t line_characters_max = 76;
// "Subject: " and the frame of an encoded word leave 55 characters of a line; each byte takes at most three.
constexpr std::size_t encoded_word_bytes_max = 18;
constexpr std::string_view subject_name = "Subject: ";

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool is_visible(char c) {
  return c > ' ' && c <= '~';
}
bool is_control(char c) {
  return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
}
bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

void append_escaped(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  out += '=';
  out += digits[byte >> 4U];
  out += digits[byte & 0xFU];
}

/// One line of a body, without its end: no blank at the end of a line, soft breaks where it is too long.
void append_quoted_line(std::string& out, std::string_view line) {
  std::size_t column = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool is_last = i + 1 == line.size();
    const bool is_blank = c == ' ' || c == '\t';
    const bool is_plain = is_blank ? !is_last : is_visible(c) && c != '=';
    const std::size_t width = is_plain ? 1 : 3;
    if (column + width > line_characters_max - 1) {  // one for the soft break's '='
      out += "=\r\n";
      column = 0;
    }
    if (is_plain) {
      out += c;
    } else {
      append_escaped(out, c);
    }
    column += width;
  }
  out += "\r\n";
}

/// Ends every line with CRLF, the last one too.
std::string quoted_printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    append_quoted_line(out, line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

/// RFC 2047 "Q" words, cut between characters, each on a line of its own.
std::string encoded_words(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t bytes = std::min(encoded_word_bytes_max, text.size());
    while (bytes < text.size() && bytes > 1 && is_continuation(text[bytes])) --bytes;
    out += out.empty() ? "=?UTF-8?Q?" : "\r\n =?UTF-8?Q?";
    for (const char c : text.substr(0, bytes)) {
      if (is_letter_or_digit(c)) {
        out += c;
      } else {
        append_escaped(out, c);
      }
    }
    out += "?=";
    text.remove_prefix(bytes);
  }
  return out;
}

std::string subject_value(const std::string& subject) {
  const bool is_plain = std::ranges::all_of(subject, [](char c) { return is_visible(c) || c == ' '; }) &&
                        !subject.contains("=?") && !subject.starts_with(' ') && !subject.ends_with(' ') &&
                        subject_name.size() + subject.size() <= line_characters_max;
  return is_plain ? subject : encoded_words(subject);
}

/// RFC 5322 3.3, in UTC.
std::string date_value(Instant t) {
  constexpr std::array weekdays{"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};  // 1970-01-01 was a Thursday
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const Day day = day_of(t);
  const CivilDate date = civil_of(day);
  const std::int64_t second = (t.us - start_of(day).us) / Instant::us_per_second;
  const auto weekday = static_cast<std::size_t>(((day.days % 7) + 7) % 7);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000", weekdays[weekday], date.day, months[date.month - 1],
                     date.year, second / 3600, second / 60 % 60, second % 60);
}

std::string part(std::string_view boundary, std::string_view type, std::string_view text) {
  return fmt::format(
      "--{}\r\nContent-Type: {}; charset=UTF-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{}\r\n", boundary,
      type, quoted_printable(text));
}

}  // namespace

Status check_mail_address(std::string_view address) {
  const auto refused = [](const char* why) { return fail(ErrorKind::invalid, why); };
  constexpr std::size_t address_characters_max = 254;  // RFC 5321 4.5.3.1, with its frame
  constexpr std::size_t name_characters_max = 64;
  if (address.size() > address_characters_max) return refused("the mail address is too long");
  if (std::ranges::count(address, '@') != 1) return refused("a mail address has one @");
  const std::string_view name = address.substr(0, address.find('@'));
  const std::string_view domain = address.substr(name.size() + 1);
  if (name.empty() || name.size() > name_characters_max || domain.empty()) {
    return refused("a mail address has a name and a domain");
  }
  constexpr std::string_view specials = "()<>[]:;,\\\"";
  const bool is_name = std::ranges::all_of(name, [&](char c) { return is_visible(c) && !specials.contains(c); });
  const bool is_domain =
      std::ranges::all_of(domain, [](char c) { return is_letter_or_digit(c) || c == '.' || c == '-'; });
  if (!is_name || !is_domain || name.starts_with('-') || domain.starts_with('.') || domain.contains("..")) {
    return refused("the mail address holds characters it must not");
  }
  return {};
}

Status check_mail_subject(std::string_view subject) {
  if (std::ranges::none_of(subject, is_control)) return {};
  return fail(ErrorKind::invalid, "the subject must not hold control characters");
}

std::string mail_message(const MailContent& mail) {
  const std::string domain = mail.from.substr(mail.from.find('@') + 1);
  // '=' is always followed by a hex digit or a line end in quoted-printable: no line of a body begins like this.
  const std::string boundary = "=_" + mail.id;
  std::string out = fmt::format(
      "Date: {}\r\nFrom: <{}>\r\nTo: <{}>\r\n{}{}\r\nMessage-ID: <{}@{}>\r\nMIME-Version: 1.0\r\n"
      "Auto-Submitted: auto-generated\r\nContent-Type: multipart/alternative;\r\n boundary=\"{}\"\r\n\r\n",
      date_value(mail.created), mail.from, mail.to, subject_name, subject_value(mail.subject), mail.id, domain,
      boundary);
  out += part(boundary, "text/plain", mail.text);
  out += part(boundary, "text/html", mail.html);
  return out + "--" + boundary + "--\r\n";
}

}  // namespace meterport::delivery
