// The bytes of a mail: RFC 5322 headers, plain text and HTML as alternatives (RFC 2046), quoted-printable UTF-8, CRLF.
// Pure: the same content makes the same bytes, so every attempt sends the same mail under the same Message-ID and a
// receiver can drop doubles. Nothing in the content can make a header or a part: header values are checked or encoded,
// and no encoded body line can look like the boundary. Lines have at most 76 characters, but for addresses longer than
// that.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/instant.h"

namespace meterport::delivery {

struct MailContent {
  std::string id;  ///< of the delivery: letters and digits
  Instant created;
  std::string from, to;             ///< as check_mail_address lets through
  std::string subject, text, html;  ///< UTF-8; line ends of the bodies may be LF or CRLF
};

/// invalid: not name@domain in visible ASCII, quotes, brackets and lists included; the text says what is wrong.
Status check_mail_address(std::string_view address);
/// invalid: control characters, such as a line end.
Status check_mail_subject(std::string_view subject);

std::string mail_message(const MailContent& mail);

}  // namespace meterport::delivery
