// The field form of docs/formats/ledger-log.md 3.2: encoding, decoding, fingerprint.
#include <algorithm>

#include "ledger/canonical_json.h"
#include "ledger/fields.h"
#include "ledger/record.h"
#include "ledger/varint.h"

namespace meterport::ledger {
namespace {

constexpr std::int64_t pow10[] = {1,
                                  10,
                                  100,
                                  1'000,
                                  10'000,
                                  100'000,
                                  1'000'000,
                                  10'000'000,
                                  100'000'000,
                                  1'000'000'000,
                                  10'000'000'000,
                                  100'000'000'000,
                                  1'000'000'000'000,
                                  10'000'000'000'000,
                                  100'000'000'000'000,
                                  1'000'000'000'000'000,
                                  10'000'000'000'000'000,
                                  100'000'000'000'000'000,
                                  1'000'000'000'000'000'000};

/// An upper bound of the bytes that FieldWriter needs.
class FieldBound {
 public:
  void text(unsigned, std::string_view value) { bytes_ += value.size(); }
  void time(unsigned, Instant) {}
  void moment(unsigned, const std::optional<Instant>&, Instant) {}
  void number(unsigned, const std::optional<std::int64_t>&) {}
  void decimal(unsigned, const std::optional<Decimal>&) {}
  void quantity(unsigned, Decimal) {}
  void position(unsigned, Position) {}
  void properties(unsigned, const std::vector<Property>& all) {
    for (const Property& p : all) bytes_ += 1 + 2 * varint_bytes_max + p.name.size() + p.json.size();
  }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  static constexpr std::size_t fields = 44;
  std::size_t bytes_ = fields * (2 + varint128_bytes_max);
};

/// Writes to memory that FieldBound found large enough.
class FieldWriter {
 public:
  FieldWriter(char* at, bool with_quantity) : at_(at), with_quantity_(with_quantity) {}

  void text(unsigned number, std::string_view value) {
    if (value.empty()) return;
    tag(number, FieldType::text);
    put_text(value);
  }
  void time(unsigned number, Instant t) {
    tag(number, FieldType::number);
    at_ = put_varint(at_, zigzag(t.us));
  }
  void moment(unsigned number, const std::optional<Instant>& t, Instant base) {
    if (!t) return;
    tag(number, FieldType::number);
    // Unsigned, so that an absurd instant wraps around instead of being undefined; the reader wraps it back.
    const std::uint64_t difference = static_cast<std::uint64_t>(t->us) - static_cast<std::uint64_t>(base.us);
    at_ = put_varint(at_, zigzag(static_cast<std::int64_t>(difference)));
  }
  void number(unsigned number, const std::optional<std::int64_t>& value) {
    if (!value) return;
    tag(number, FieldType::number);
    at_ = put_varint(at_, zigzag(*value));
  }
  void decimal(unsigned number, const std::optional<Decimal>& value) {
    if (value) put_decimal(number, *value);
  }
  void quantity(unsigned number, Decimal value) {
    if (with_quantity_) put_decimal(number, value);
  }
  void position(unsigned number, Position value) {
    if (value == 0) return;
    tag(number, FieldType::number);
    at_ = put_varint(at_, value);
  }
  void properties(unsigned number, const std::vector<Property>& all) {
    for (const Property& p : all) {
      tag(number, FieldType::pair);
      put_text(p.name);
      put_text(p.json);
    }
  }
  [[nodiscard]] char* at() const { return at_; }

 private:
  void tag(unsigned number, FieldType type) { *at_++ = static_cast<char>(field_tag(number, type)); }
  void put_text(std::string_view value) {
    at_ = put_varint(at_, std::uint64_t{value.size()});
    std::memcpy(at_, value.data(), value.size());
    at_ += value.size();
  }
  void put_decimal(unsigned number, Decimal value) {
    tag(number, FieldType::decimal);
    std::int64_t fraction = value.fraction();
    unsigned scale = 0;
    if (fraction != 0) {
      for (scale = 18; fraction % 10 == 0; --scale) fraction /= 10;
    }
    *at_++ = static_cast<char>(scale);
    at_ = put_varint(at_, zigzag(Int128{value.whole()} * pow10[scale] + fraction));
  }

  char* at_;
  bool with_quantity_;
};

/// Takes each field if it is the next one in the payload. What is not taken at the end was unknown or out of order.
class FieldReader {
 public:
  explicit FieldReader(std::string_view payload) : at_(payload.data()), end_(at_ + payload.size()) {}

  void text(unsigned number, std::string_view& value) {
    if (!take(number, FieldType::text)) return;
    value = get_text();
    if (value.empty()) fail();
  }
  void time(unsigned number, Instant& t) {
    has_time_ = take(number, FieldType::number);
    if (has_time_) t.us = get_signed();
  }
  void moment(unsigned number, std::optional<Instant>& t, Instant base) {
    if (!take(number, FieldType::number)) return;
    t = Instant{
        static_cast<std::int64_t>(static_cast<std::uint64_t>(base.us) + static_cast<std::uint64_t>(get_signed()))};
  }
  void number(unsigned number, std::optional<std::int64_t>& value) {
    if (take(number, FieldType::number)) value = get_signed();
  }
  void decimal(unsigned number, std::optional<Decimal>& value) {
    if (take(number, FieldType::decimal)) value = get_decimal();
  }
  void quantity(unsigned number, Decimal& value) {
    if (take(number, FieldType::decimal)) value = get_decimal();
  }
  void position(unsigned number, Position& value) {
    if (take(number, FieldType::number)) value = get_number();
  }
  void properties(unsigned number, std::vector<Property>& all) {
    while (take(number, FieldType::pair)) {
      const std::string_view name = get_text();
      all.push_back({name, get_text()});
      if (all.size() > 1 && !(all[all.size() - 2].name < name)) fail();
    }
  }
  /// All was understood.
  [[nodiscard]] bool is_complete() const { return ok_ && at_ == end_ && has_time_; }

 private:
  bool take(unsigned number, FieldType type) {
    if (at_ == end_ || static_cast<unsigned char>(*at_) != field_tag(number, type)) return false;
    ++at_;
    return true;
  }
  void fail() {
    ok_ = false;
    at_ = end_;
  }
  template <class Number>
  Number get() {
    Number value = 0;
    const char* next = get_varint(at_, end_, value);
    if (next == nullptr) {
      fail();
      return 0;
    }
    at_ = next;
    return value;
  }
  std::uint64_t get_number() { return get<std::uint64_t>(); }
  std::int64_t get_signed() { return unzigzag(get<std::uint64_t>()); }
  std::string_view get_text() {
    const std::uint64_t size = get_number();
    if (size > static_cast<std::uint64_t>(end_ - at_)) {
      fail();
      return {};
    }
    const std::string_view text(at_, size);
    at_ += size;
    return text;
  }
  Decimal get_decimal() {
    const unsigned scale = at_ == end_ ? 99 : static_cast<unsigned char>(*at_);
    if (scale > Decimal::decimals_max) {
      fail();
      return {};
    }
    ++at_;
    const Int128 value = unzigzag(get<Uint128>());
    constexpr Int128 limit = Int128{1'000'000'000'000'000'000} * 1'000'000'000'000'000'000;
    const Int128 bound = limit / pow10[18 - scale];
    if (value >= bound || value <= -bound || (scale > 0 && value % 10 == 0)) {
      fail();
      return {};
    }
    return Decimal::from_scaled(value * pow10[18 - scale]);
  }

  const char* at_;
  const char* end_;
  bool ok_ = true;
  bool has_time_ = false;
};

bool by_name(const Property& a, const Property& b) {
  return a.name < b.name;
}

bool is_form(const Property& p) {
  return p.name == "focus.quoted" || p.name == "focus.layout";
}

bool has_no_value(const Property& p) {
  return p.json == "null" || p.json == "\"\"";
}

bool is_canonical(const std::vector<Property>& properties) {
  return std::ranges::all_of(
      properties, [](const Property& p) { return !is_form(p) && !has_no_value(p) && is_plainly_canonical(p.json); });
}

/// The content with properties as the fingerprint sees them. Owns what had to be rewritten.
struct CanonicalContent {
  UsageRecord record;
  std::vector<std::string> texts;
};

CanonicalContent canonical_content(const UsageRecord& record) {
  CanonicalContent c{record, {}};
  auto& properties = c.record.properties;
  std::erase_if(properties, [](const Property& p) { return is_form(p) || has_no_value(p); });
  c.texts.reserve(properties.size());
  for (Property& p : properties) {
    if (is_plainly_canonical(p.json)) continue;
    append_canonical_json(c.texts.emplace_back(), p.json);
    p.json = c.texts.back();
  }
  return c;
}

template <class Fill>
void append_at_most(std::string& out, std::size_t bytes_max, Fill fill) {
  const std::size_t start = out.size();
  out.resize_and_overwrite(start + bytes_max, [&](char* bytes, std::size_t) {
    return static_cast<std::size_t>(fill(bytes + start) - bytes);
  });
}

/// Appends head and content; where the content begins.
std::size_t append_fields(std::string& out, const UsageRecord& record, const RecordNotes& notes, bool with_head,
                          bool with_quantity) {
  if (!std::ranges::is_sorted(record.properties, by_name)) {
    UsageRecord sorted = record;
    std::ranges::sort(sorted.properties, by_name);
    return append_fields(out, sorted, notes, with_head, with_quantity);
  }
  FieldBound bound;
  visit_head(record, notes, bound);
  visit_content(record, notes, bound);
  std::size_t content = 0;
  append_at_most(out, bound.bytes(), [&](char* at) {
    FieldWriter writer(at, with_quantity);
    if (with_head) visit_head(record, notes, writer);
    content = static_cast<std::size_t>(writer.at() - at);
    if (!with_head) writer.position(2, notes.reverses);
    visit_content(record, notes, writer);
    return writer.at();
  });
  return content;
}

/// The bytes the fingerprint is made of, in `out`.
void put_canonical(std::string& out, const UsageRecord& record, const RecordNotes& notes) {
  out.clear();
  RecordNotes said;
  said.reverses = notes.reverses;
  std::string document;
  if (!notes.document.empty()) {
    append_canonical_json(document, notes.document);
    said.document = document;
  }
  // Only events have a document, and they have no quantity.
  const bool with_quantity = document.empty();
  if (is_canonical(record.properties)) {
    append_fields(out, record, said, false, with_quantity);
  } else {
    append_fields(out, canonical_content(record).record, said, false, with_quantity);
  }
}

}  // namespace

void encode_usage(std::string& out, const UsageRecord& record) {
  append_fields(out, record, {}, true, true);
}

void encode_record(std::string& out, RecordKind kind, const UsageRecord& record, const RecordNotes& notes) {
  append_fields(out, record, notes, true, kind != RecordKind::event);
}

std::uint64_t encode_and_fingerprint(std::string& out, const SipKey& secret, const UsageRecord& record) {
  const std::size_t start = out.size();
  const std::size_t content = append_fields(out, record, {}, true, true);
  if (!is_canonical(record.properties)) return fingerprint(secret, record);
  return siphash128(secret, std::string_view(out).substr(start + content)).high;
}

Result<DecodedRecord> decode_record(std::string_view payload) {
  DecodedRecord decoded;
  FieldReader reader(payload);
  visit_head(decoded.record, decoded.notes, reader);
  visit_content(decoded.record, decoded.notes, reader);
  if (!reader.is_complete()) return fail(ErrorKind::malformed, "a stored record cannot be read: damaged or newer");
  return decoded;
}

Result<UsageRecord> decode_usage(std::string_view payload) {
  auto decoded = decode_record(payload);
  if (!decoded) return fail(std::move(decoded));
  return std::move(decoded->record);
}

std::uint64_t fingerprint(const SipKey& secret, const UsageRecord& record, const RecordNotes& notes) {
  thread_local std::string canonical;
  put_canonical(canonical, record, notes);
  return siphash128(secret, canonical).high;
}

bool same_content(const UsageRecord& a, const UsageRecord& b) {
  std::string canonical_a, canonical_b;
  put_canonical(canonical_a, a, {});
  put_canonical(canonical_b, b, {});
  return canonical_a == canonical_b;
}

}  // namespace meterport::ledger
