#include "ledger/record.h"

#include <gtest/gtest.h>

#include <random>

#include "ledger/canonical_json.h"

namespace meterport::ledger {
namespace {

constexpr SipKey secret = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

Decimal decimal(std::string_view text) {
  return Decimal::parse(text).value();
}

/// Every field has a value.
UsageRecord full_record() {
  UsageRecord r;
  r.org = "acme-eu";
  r.meter = "compute";
  r.time = Instant{1'725'359'400'123'456};
  r.quantity = decimal("-12.5");
  r.id = "run-1";
  r.source = "agent";
  r.project = "Sales";
  r.folder = "Nightly";
  r.asset = {"load_orders", "MAPPING"};
  r.environment = {"01AB", "agents-eu", "Secure Agent Group"};
  r.resource = {"vm-1", "worker"};
  r.subscription = "sub-1";
  r.line = -3;
  r.task = {"t1", "mt_load", "orders", "MTT"};
  r.run.id = "77812";
  r.run.start = r.time.plus_seconds(-1800);
  r.run.end = r.time;
  r.run.status = "SUCCESS";
  r.run.cores = decimal("2.25");
  r.run.audit_time = r.time.plus_seconds(60);
  r.run.execution_type = "Process";
  r.run.invoked_by = "scheduler";
  r.run.count = 7;
  r.user = "jane";
  r.app = {"a1", "portal", "hrn:app"};
  r.billing_tag = "finance";
  r.channel = "api";
  r.category = "Data";
  r.memo = "a note, äöü";
  r.properties = {{"colour", "\"red\""}, {"size", "3"}};
  return r;
}

UsageRecord small_record() {
  UsageRecord r;
  r.org = "acme";
  r.meter = "m";
  r.time = Instant{1'725'359'400'000'000};
  r.quantity = decimal("1");
  r.id = "1";
  r.source = "s";
  return r;
}

std::string encoded(const UsageRecord& r) {
  std::string out;
  encode_usage(out, r);
  return out;
}

TEST(UsageCodec, EveryFieldComesBack) {
  const UsageRecord r = full_record();
  const std::string bytes = encoded(r);
  const auto back = decode_usage(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->org, r.org);
  EXPECT_EQ(back->time, r.time);
  EXPECT_EQ(back->quantity, r.quantity);
  EXPECT_EQ(back->line, r.line);
  EXPECT_EQ(back->run.start, r.run.start);
  EXPECT_EQ(back->run.end, r.run.end);
  EXPECT_EQ(back->run.cores, r.run.cores);
  EXPECT_EQ(back->run.audit_time, r.run.audit_time);
  EXPECT_EQ(back->run.count, r.run.count);
  ASSERT_EQ(back->properties.size(), 2u);
  EXPECT_EQ(back->properties[1].name, "size");
  EXPECT_EQ(back->properties[1].json, "3");
  // All of it: the same bytes again.
  EXPECT_EQ(encoded(*back), bytes);
  EXPECT_TRUE(same_content(*back, r));
}

TEST(UsageCodec, AbsentFieldsTakeNoBytes) {
  // org 2+4, source 2+1, id 2+1, meter 2+1, time 1+8, quantity 1+1+1
  EXPECT_EQ(encoded(small_record()).size(), 6u + 3 + 3 + 3 + 9 + 3);
  const std::string bytes = encoded(small_record());
  const auto back = decode_usage(bytes);
  ASSERT_TRUE(back);
  EXPECT_FALSE(back->line);
  EXPECT_FALSE(back->run.start);
  EXPECT_TRUE(back->memo.empty());
  EXPECT_TRUE(back->properties.empty());
}

TEST(UsageCodec, QuantitiesOfAllSizesComeBackExactly) {
  for (const char* text : {"0", "1", "-1", "10", "0.5", "-0.000000000000000001",
                           "999999999999999999.999999999999999999", "-999999999999999999.999999999999999999",
                           "123456789012345678", "100000000000000000", "0.100000000000000000", "1e-7"}) {
    UsageRecord r = small_record();
    r.quantity = decimal(text);
    const std::string bytes = encoded(r);
    const auto back = decode_usage(bytes);
    ASSERT_TRUE(back) << text;
    EXPECT_EQ(back->quantity, r.quantity) << text;
  }
}

TEST(UsageCodec, TimesBefore1970AndFarAwayRunTimesComeBack) {
  UsageRecord r = small_record();
  r.time = Instant{-1};
  r.run.start = Instant{std::numeric_limits<std::int64_t>::max()};
  r.run.end = Instant{std::numeric_limits<std::int64_t>::min()};
  const std::string bytes = encoded(r);
  const auto back = decode_usage(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->time, r.time);
  EXPECT_EQ(back->run.start, r.run.start);
  EXPECT_EQ(back->run.end, r.run.end);
}

TEST(UsageCodec, PropertiesAreSortedWhateverTheirOrder) {
  UsageRecord r = small_record();
  r.properties = {{"b", "1"}, {"a", "2"}};
  UsageRecord sorted = r;
  std::swap(sorted.properties[0], sorted.properties[1]);
  EXPECT_EQ(encoded(r), encoded(sorted));
}

TEST(UsageCodec, NotesOfReversalEvidenceAndEventComeBack) {
  std::string bytes;
  encode_record(bytes, RecordKind::reversal, full_record(), {.reverses = 77, .reason = "sent twice"});
  auto back = decode_record(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->notes.reverses, 77u);
  EXPECT_EQ(back->notes.reason, "sent twice");
  EXPECT_EQ(back->record.quantity, decimal("-12.5"));

  bytes.clear();
  encode_record(bytes, RecordKind::evidence, full_record(), {.conflicts_with = 5});
  back = decode_record(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->notes.conflicts_with, 5u);

  UsageRecord event = small_record();
  event.meter = {};
  event.quantity = {};
  event.user = "subject";
  bytes.clear();
  encode_record(bytes, RecordKind::event, event, {.document = R"({"type":"t"})"});
  back = decode_record(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->notes.document, R"({"type":"t"})");
  EXPECT_EQ(back->record.user, "subject");
}

TEST(UsageCodec, CutOrChangedPayloadsNeverCrashAndCutOnesAreRefused) {
  const std::string whole = encoded(full_record());
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const auto cut = decode_usage(std::string_view(whole).substr(0, n));
    // A cut between two fields leaves a shorter valid record; anywhere else it is malformed.
    if (cut) EXPECT_TRUE(encoded(*cut).starts_with(whole.substr(0, n)));
  }
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string changed = whole;
    changed[random() % changed.size()] = static_cast<char>(random());
    (void)decode_usage(changed);  // any answer is right, reading beyond the bytes is not
  }
  EXPECT_FALSE(decode_usage(""));
  EXPECT_FALSE(decode_usage(whole + '\x05'));
  EXPECT_FALSE(decode_usage("\xFF\xFF\xFF"));
}

TEST(Fingerprint, IsOfTheContentAndNotOfTheKey) {
  const UsageRecord r = full_record();
  UsageRecord other_key = r;
  other_key.org = "x";
  other_key.source = "y";
  other_key.id = "z";
  EXPECT_EQ(fingerprint(secret, r), fingerprint(secret, other_key));
  std::string bytes;
  EXPECT_EQ(encode_and_fingerprint(bytes, secret, r), fingerprint(secret, r));
  EXPECT_EQ(bytes, encoded(r));
  EXPECT_NE(fingerprint(SipKey{}, r), fingerprint(secret, r));
}

TEST(Fingerprint, ChangesWithEveryField) {
  const std::uint64_t original = fingerprint(secret, full_record());
  const auto changed = [&](auto change) {
    UsageRecord r = full_record();
    change(r);
    return fingerprint(secret, r) != original;
  };
  EXPECT_TRUE(changed([](auto& r) { r.meter = "other"; }));
  EXPECT_TRUE(changed([](auto& r) { r.time.us += 1; }));
  EXPECT_TRUE(changed([](auto& r) { r.quantity = decimal("12.5"); }));
  EXPECT_TRUE(changed([](auto& r) { r.folder = r.project; }));
  EXPECT_TRUE(changed([](auto& r) { r.line.reset(); }));
  EXPECT_TRUE(changed([](auto& r) { r.run.end.reset(); }));
  EXPECT_TRUE(changed([](auto& r) { r.run.count = 8; }));
  EXPECT_TRUE(changed([](auto& r) { r.memo = {}; }));
  EXPECT_TRUE(changed([](auto& r) { r.properties[0].json = "\"blue\""; }));
  EXPECT_TRUE(changed([](auto& r) { r.properties.pop_back(); }));
}

TEST(Fingerprint, SeesValuesAndNotTheirSpelling) {
  UsageRecord a = small_record();
  UsageRecord b = a;
  a.properties = {{"n", "1.50"}, {"o", R"({"b":1,"a":[1, 2e0]})"}, {"t", R"("a\u0041\/")"}};
  b.properties = {{"n", "15e-1"}, {"o", R"( { "a" : [1,2] , "b":1.0})"}, {"t", R"("aA/")"}};
  EXPECT_EQ(fingerprint(secret, a), fingerprint(secret, b));
  EXPECT_TRUE(same_content(a, b));
  b.properties[0].json = "\"1.5\"";
  EXPECT_NE(fingerprint(secret, a), fingerprint(secret, b));
  EXPECT_FALSE(same_content(a, b));
}

TEST(Fingerprint, LeavesOutFormAndAbsentValues) {
  UsageRecord a = small_record();
  UsageRecord b = a;
  a.properties = {{"focus.Id", "\"1\""}, {"focus.layout", "\"L1\""}, {"focus.quoted", "\"ff\""}};
  b.properties = {{"focus.Id", "\"1\""}, {"focus.Tags", "null"}, {"focus.X", "\"\""}, {"focus.quoted", "\"00\""}};
  EXPECT_EQ(fingerprint(secret, a), fingerprint(secret, b));
}

TEST(Fingerprint, ValuesAreTheFormats) {
  // Stored in indexes and stubs: these must never change (canonical form 1).
  EXPECT_EQ(fingerprint(secret, small_record()), 15652477313525964615u);
  EXPECT_EQ(fingerprint(secret, full_record()), 1737626643459193638u);
  const Hash128 key = record_key(secret, "acme", "s", "1");
  EXPECT_EQ(key.high, 4983790600943142847u);
  EXPECT_EQ(key.low, 10622500771980406529u);
}

TEST(CanonicalJson, ExamplesOfTheDocument) {
  const auto canonical = [](std::string_view json) {
    std::string out;
    append_canonical_json(out, json);
    return out;
  };
  EXPECT_EQ(canonical(R"( {"b" : [ 1.0 , -0, true,null ] , "a":"x\ny\t\"" } )"),
            R"({"a":"x\u000ay\u0009\"","b":[1,0,true,null]})");
  EXPECT_EQ(canonical(R"("\ud83d\ude00\u00e4")"), "\"\xF0\x9F\x98\x80\xC3\xA4\"");
  EXPECT_EQ(canonical("1e400"), "1e400");
  EXPECT_EQ(canonical("[]"), "[]");
  EXPECT_EQ(canonical("{}"), "{}");
  EXPECT_EQ(canonical("[1,"), "[1,");
  EXPECT_EQ(canonical(R"("\ud800")"), R"("\ud800")");
  EXPECT_EQ(canonical(std::string(1000, '[')), std::string(1000, '['));
  for (const char* text : {"0", "true", "\"abc\"", "-12", "123456789012345678"}) {
    EXPECT_TRUE(is_plainly_canonical(text)) << text;
    EXPECT_EQ(canonical(text), text);
  }
  for (const char* text : {"-0", "1.0", "\"a\\n\"", " 1", "[1]", "01", "1234567890123456789"}) {
    EXPECT_FALSE(is_plainly_canonical(text)) << text;
  }
}

TEST(OwnedKey, FollowsTheKindAlsoWhenErased) {
  const UsageRecord r = full_record();
  const auto stored = [](RecordKind kind, std::string_view payload) {
    StoredRecord s;
    s.kind = kind;
    s.payload = payload;
    return s;
  };
  const std::string usage = encoded(r);
  auto key = owned_key(secret, stored(RecordKind::usage, usage));
  ASSERT_TRUE(key && *key);
  EXPECT_EQ((*key)->key, record_key(secret, r.org, r.source, r.id));
  EXPECT_EQ((*key)->fingerprint, fingerprint(secret, r));

  std::string amended;
  encode_record(amended, RecordKind::usage, r, {.amends = 4});
  key = owned_key(secret, stored(RecordKind::usage, amended));
  EXPECT_TRUE(key && !*key);
  EXPECT_TRUE(owned_key(secret, stored(RecordKind::evidence, usage)) &&
              !*owned_key(secret, stored(RecordKind::evidence, usage)));
  EXPECT_TRUE(!*owned_key(secret, stored(RecordKind::catalogue_change, "{}")));
  EXPECT_FALSE(owned_key(secret, stored(RecordKind::usage, "damaged")));

  const std::string stub = encode_stub({sha256("x"), {7, 8}, 9});
  StoredRecord erased = stored(RecordKind::usage, {});
  erased.erased = true;
  erased.stub = stub;
  key = owned_key(secret, erased);
  ASSERT_TRUE(key && *key);
  EXPECT_EQ((*key)->key, (Hash128{7, 8}));
  EXPECT_EQ((*key)->fingerprint, 9u);
  const auto back = decode_stub(stub);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->record_digest, sha256("x"));
  EXPECT_FALSE(decode_stub("short"));
}

TEST(RecordKey, KeepsTheBordersOfItsParts) {
  EXPECT_NE(record_key(secret, "ab", "c", "d"), record_key(secret, "a", "bc", "d"));
  EXPECT_NE(record_key(secret, "a", "bc", "d"), record_key(secret, "a", "b", "cd"));
  const std::string long_id(1024, 'i');
  EXPECT_NE(record_key(secret, "a", long_id, long_id), record_key(secret, "a", long_id, long_id + "j"));
}

}  // namespace
}  // namespace meterport::ledger
