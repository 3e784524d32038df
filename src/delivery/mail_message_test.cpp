#include "delivery/mail_message.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace meterport::delivery {
namespace {

MailContent content() {
  MailContent mail;
  mail.id = "id7";
  mail.created = *parse_instant("2024-02-29T07:05:09Z");
  mail.from = "meterport@acme.example";
  mail.to = "ana@acme.example";
  mail.subject = "Report REPORT-1001 is completed";
  mail.text = "Ready.\n";
  mail.html = "<p>Ready.</p>";
  return mail;
}

std::vector<std::string> lines_of(const std::string& message) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < message.size();) {
    const std::size_t end = message.find("\r\n", at);
    EXPECT_NE(end, std::string::npos) << "every line ends in CRLF";
    if (end == std::string::npos) break;
    lines.push_back(message.substr(at, end - at));
    at = end + 2;
  }
  return lines;
}

TEST(MailMessage, IsTheseBytes) {
  EXPECT_EQ(mail_message(content()),
            "Date: Thu, 29 Feb 2024 07:05:09 +0000\r\n"
            "From: <meterport@acme.example>\r\n"
            "To: <ana@acme.example>\r\n"
            "Subject: Report REPORT-1001 is completed\r\n"
            "Message-ID: <id7@acme.example>\r\n"
            "MIME-Version: 1.0\r\n"
            "Auto-Submitted: auto-generated\r\n"
            "Content-Type: multipart/alternative;\r\n"
            " boundary=\"=_id7\"\r\n"
            "\r\n"
            "--=_id7\r\n"
            "Content-Type: text/plain; charset=UTF-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n"
            "\r\n"
            "Ready.\r\n"
            "\r\n"
            "--=_id7\r\n"
            "Content-Type: text/html; charset=UTF-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n"
            "\r\n"
            "<p>Ready.</p>\r\n"
            "\r\n"
            "--=_id7--\r\n");
}

TEST(MailMessage, BodiesAreEscapedAndTheirLinesCut) {
  MailContent mail = content();
  mail.text = "a=b\r\nblank at the end \n\ngrün\n.\n--=_id7\ncontrol \x01\r\n" + std::string(76, 'x');
  const std::vector<std::string> lines = lines_of(mail_message(mail));
  const auto has = [&](const std::string& line) { return std::ranges::count(lines, line) == 1; };
  EXPECT_TRUE(has("a=3Db"));
  EXPECT_TRUE(has("blank at the end=20"));
  EXPECT_TRUE(has("gr=C3=BCn"));
  EXPECT_TRUE(has("--=3D_id7")) << "a text can't end its part";
  EXPECT_TRUE(has("control =01"));
  EXPECT_TRUE(has(std::string(75, 'x') + "="));
  EXPECT_TRUE(has("x"));
}

TEST(MailMessage, NoLineIsLongAndAllIsAscii) {
  MailContent mail = content();
  mail.subject.clear();
  for (int i = 0; i < 60; ++i) mail.subject += i % 3 == 0 ? "ü" : "€";
  for (int i = 0; i < 500; ++i) mail.text += i % 7 == 0 ? "=" : "ß ";
  mail.html = mail.text;
  const std::string message = mail_message(mail);
  EXPECT_TRUE(std::ranges::all_of(message, [](char c) { return (c >= ' ' && c <= '~') || c == '\r' || c == '\n'; }));
  for (const std::string& line : lines_of(message)) EXPECT_LE(line.size(), 76U) << line;
}

TEST(MailMessage, ASubjectIsEncodedWhereItMustBe) {
  MailContent mail = content();
  const auto subject = [&](const std::string& text) {
    mail.subject = text;
    const std::string message = mail_message(mail);
    const std::size_t from = message.find("Subject: ") + 9;
    return message.substr(from, message.find("\r\nMessage-ID") - from);
  };
  EXPECT_EQ(subject("plain, it's"), "plain, it's");
  EXPECT_EQ(subject("für Ana"), "=?UTF-8?Q?f=C3=BCr=20Ana?=");
  EXPECT_EQ(subject("=?UTF-8?Q?x?="), "=?UTF-8?Q?=3D=3FUTF=2D8=3FQ=3Fx=3F=3D?=") << "what looks encoded is a text";
  EXPECT_EQ(subject("a\r\nBcc: eve@evil.example"), "=?UTF-8?Q?a=0D=0ABcc=3A=20eve=40evil=2Ee?=\r\n =?UTF-8?Q?xample?=");
  EXPECT_EQ(subject("12345678901234567ü"), "=?UTF-8?Q?12345678901234567?=\r\n =?UTF-8?Q?=C3=BC?=")
      << "no character is torn";
}

TEST(MailMessage, DatesBefore1970AndAtTheEndOfADay) {
  MailContent mail = content();
  mail.created = *parse_instant("1969-12-31T23:59:59Z");
  EXPECT_TRUE(mail_message(mail).starts_with("Date: Wed, 31 Dec 1969 23:59:59 +0000\r\n"));
  mail.created = *parse_instant("2026-11-26T00:00:00Z");
  EXPECT_TRUE(mail_message(mail).starts_with("Date: Thu, 26 Nov 2026 00:00:00 +0000\r\n"));
}

TEST(MailAddress, IsOneNameAtOneDomain) {
  for (const char* good : {"ana@acme.example", "a.b+c@d-e.example", "x@localhost", "o'neil@acme.example"}) {
    EXPECT_TRUE(check_mail_address(good).has_value()) << good;
  }
  const std::string long_name(65, 'a');
  for (const std::string& bad :
       {std::string(), std::string("ana"), std::string("@acme.example"), std::string("ana@"), std::string("a@b@c"),
        std::string("a b@acme.example"), std::string("ana@acme.example\r\nBcc: eve@evil.example"),
        std::string("ana@acme.example "), std::string("<ana@acme.example>"), std::string("a,b@acme.example"),
        std::string("ana@acme..example"), std::string("ana@.example"), std::string("änä@acme.example"),
        std::string("ana@äcme.example"), std::string("a\0b@acme.example", 16), long_name + "@acme.example",
        "a@" + std::string(260, 'b')}) {
    const Status checked = check_mail_address(bad);
    ASSERT_FALSE(checked.has_value()) << bad;
    EXPECT_EQ(checked.error().kind, ErrorKind::invalid);
  }
}

TEST(MailSubject, HoldsNoControls) {
  EXPECT_TRUE(check_mail_subject("Report für Ana").has_value());
  for (const char* bad : {"a\nb", "a\rb", "a\tb", "a\x7f"}) EXPECT_FALSE(check_mail_subject(bad).has_value());
}

}  // namespace
}  // namespace meterport::delivery
