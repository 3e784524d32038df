// For tests: accounts with subscriptions, usages on them, and what this wire says of a usage that fails.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "catalog/json_tree.h"
#include "catalog/test_catalog.h"
#include "dialects/netsuite/item_error.h"

namespace meterport::netsuite {

/// Subscription 1 has lines of every sort; 3 and 4 share name and field; what the other account has alike is its own.
inline constexpr std::string_view accounts_json = R"({
  "orgs": [{"id":"acme","kind":"production","name":"Acme","ids":{"netsuite_account":"1234567_SB1"}},
           {"id":"acme-eu","kind":"sub-org","name":"Acme EU","parent":"acme"},
           {"id":"dots","kind":"production","name":"Dots","date_format":"D.M.YYYY","usage_fields":["colour"]},
           {"id":"other","kind":"production","name":"Other","ids":{"netsuite_account":"7654321"}}],
  "meters": [{"id":"hours","name":"Hours","unit":"h"},{"id":"volume","name":"Volume","unit":"GB"}],
  "subscriptions": [
    {"id":"1","name":"Ems SP 001","org":"acme","customer":"Ems","fields":{"service":"1001","is_big":"true"},"lines":[
      {"number":3,"id":"301","item":"Hours","fields":{"line_service":"1234"},"org":"acme-eu","meter":"hours"},
      {"number":4,"id":"302","item":"Volume","meter":"volume"},
      {"number":7,"id":"303","item":"Setup","type":"one-time"}]},
    {"id":"2","name":"Second","org":"acme","fields":{"service":1002.50},"lines":[
      {"number":3,"id":"401","meter":"hours","fields":{"line_service":"3000"}},
      {"number":4,"id":"402","meter":"hours","fields":{"line_service":"3000"}}]},
    {"id":"3","name":"Twin","org":"acme","fields":{"service":"2000"},"lines":[{"number":1,"meter":"hours"}]},
    {"id":"4","name":"Twin","org":"acme","fields":{"service":"2000"},"lines":[{"number":1,"meter":"hours"}]},
    {"id":"contract-x","name":"Contract X","org":"acme","lines":[{"number":1,"meter":"hours"}]},
    {"id":"1","name":"Ems SP 001","org":"other","fields":{"service":"1001","only_other":"9"},"lines":[
      {"number":3,"id":"301","meter":"volume","fields":{"line_service":"1234"}},{"number":5,"meter":"hours"}]},
    {"id":"77","name":"Only of the other","org":"other","lines":[{"number":1,"id":"777","meter":"hours"}]},
    {"id":"1","name":"Dots","org":"dots","lines":[{"number":1,"meter":"hours"}]}]})";

inline catalog::SnapshotPtr accounts() {
  static const catalog::SnapshotPtr snapshot = [] {
    catalog::TestCatalog made;
    made.must_import(accounts_json);
    return made.now();
  }();
  return snapshot;
}

/// The tree of JSON that is right.
inline catalog::JsonValue tree_of(std::string_view json) {
  auto tree = catalog::parse_json(json);
  EXPECT_TRUE(tree) << json;
  return tree ? std::move(*tree) : catalog::JsonValue{};
}

/// "EMPTY_REQUEST_PROPERTY /date The date property is empty."
inline std::string told(const ItemError& error, std::string_view usage) {
  return fmt::format("{} {} {}", wire_name(error.code, error.pointer, usage), error.pointer, error.text);
}

}  // namespace meterport::netsuite
