#include "ledger/canonical_json.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/decimal.h"

namespace meterport::ledger {
namespace {

constexpr int depth_max = 64;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

void append_text(std::string& out, std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

class Reader {
 public:
  explicit Reader(std::string_view json) : rest_(json) {}

  /// Appends one value in canonical form; false: no JSON.
  bool value(std::string& out, int depth) {
    skip_blanks();
    if (rest_.empty() || depth > depth_max) return false;
    switch (rest_.front()) {
      case '{':
        return object(out, depth);
      case '[':
        return array(out, depth);
      case '"': {
        std::string text;
        if (!string(text)) return false;
        append_text(out, text);
        return true;
      }
      case 't':
        return literal(out, "true");
      case 'f':
        return literal(out, "false");
      case 'n':
        return literal(out, "null");
      default:
        return number(out);
    }
  }

  bool at_end() {
    skip_blanks();
    return rest_.empty();
  }

 private:
  void skip_blanks() {
    const std::size_t n = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(n == std::string_view::npos ? rest_.size() : n);
  }

  bool take(char c) {
    skip_blanks();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool literal(std::string& out, std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    out += word;
    return true;
  }

  bool number(std::string& out) {
    std::size_t n = 0;
    while (n < rest_.size() && (is_digit(rest_[n]) || std::string_view("+-.eE").contains(rest_[n]))) ++n;
    const std::string_view text = rest_.substr(0, n);
    if (text.find_first_of("0123456789") == std::string_view::npos) return false;
    rest_.remove_prefix(n);
    if (const auto exact = Decimal::parse(text)) {
      exact->append_text(out);
    } else {
      out += text;
    }
    return true;
  }

  bool hex4(std::uint32_t& code) {
    if (rest_.size() < 4) return false;
    code = 0;
    for (const char c : rest_.substr(0, 4)) {
      const int digit = is_digit(c)            ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) return false;
      code = code * 16 + static_cast<std::uint32_t>(digit);
    }
    rest_.remove_prefix(4);
    return true;
  }

  bool unicode_escape(std::string& text) {
    std::uint32_t code = 0;
    if (!hex4(code) || (code >= 0xDC00 && code < 0xE000)) return false;
    if (code >= 0xD800 && code < 0xDC00) {
      std::uint32_t low = 0;
      if (!rest_.starts_with("\\u")) return false;
      rest_.remove_prefix(2);
      if (!hex4(low) || low < 0xDC00 || low >= 0xE000) return false;
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(text, code);
    return true;
  }

  bool escape(std::string& text) {
    static constexpr std::string_view from = "\"\\/bfnrt", to = "\"\\/\b\f\n\r\t";
    if (rest_.empty()) return false;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == 'u') return unicode_escape(text);
    const std::size_t n = from.find(c);
    if (n == std::string_view::npos) return false;
    text += to[n];
    return true;
  }

  bool string(std::string& text) {
    rest_.remove_prefix(1);
    while (true) {
      const std::size_t n = rest_.find_first_of("\"\\");
      if (n == std::string_view::npos) return false;
      text += rest_.substr(0, n);
      const char c = rest_[n];
      rest_.remove_prefix(n + 1);
      if (c == '"') return true;
      if (!escape(text)) return false;
    }
  }

  bool array(std::string& out, int depth) {
    rest_.remove_prefix(1);
    out += '[';
    for (bool first = true; !take(']'); first = false) {
      if (!first) {
        if (!take(',')) return false;
        out += ',';
      }
      if (!value(out, depth + 1)) return false;
    }
    out += ']';
    return true;
  }

  bool object(std::string& out, int depth) {
    rest_.remove_prefix(1);
    std::vector<std::pair<std::string, std::string>> members;
    while (!take('}')) {
      if (!members.empty() && !take(',')) return false;
      skip_blanks();
      auto& [name, json] = members.emplace_back();
      if (!rest_.starts_with('"') || !string(name) || !take(':') || !value(json, depth + 1)) return false;
    }
    std::ranges::sort(members);
    out += '{';
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i > 0) out += ',';
      append_text(out, members[i].first);
      out += ':';
      out += members[i].second;
    }
    out += '}';
    return true;
  }

  std::string_view rest_;
};

/// An integer of at most 18 digits as Decimal prints it.
bool is_plain_integer(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.size() <= 18 && text.front() != '0' && std::ranges::all_of(text, is_digit);
}

}  // namespace

bool is_plainly_canonical(std::string_view json) {
  if (json.size() >= 2 && json.front() == '"') {
    // JSON has no raw control characters in texts, and a quote inside one is escaped.
    return json.back() == '"' && json.find('\\') == std::string_view::npos;
  }
  return json == "0" || json == "true" || json == "false" || is_plain_integer(json);
}

void append_canonical_json(std::string& out, std::string_view json) {
  const std::size_t start = out.size();
  Reader reader(json);
  if (reader.value(out, 0) && reader.at_end()) return;
  out.resize(start);
  out += json;
}

}  // namespace meterport::ledger
