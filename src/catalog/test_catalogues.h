// For tests: catalogue files that several of them use.
#pragma once

#include <string_view>

namespace meterport::catalog {

/// crosswalk 2.3.
inline constexpr std::string_view example_catalogue = R"({
  "regions": [{"name": "eu"}, {"name": "us", "url": "https://us.meter.example.com", "key": "ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}],
  "orgs": [
    {"id": "acme", "kind": "production", "name": "Acme", "region": "eu", "billing_anchor_day": 20,
     "ids": {"informatica": "4wMFqGlxAKVlIFTixlTSOY", "netsuite_account": "1234567_SB1", "here_realm": "org123456789"}},
    {"id": "acme-us", "kind": "additional-production", "name": "Acme US", "parent": "acme", "region": "us"},
    {"id": "acme-test", "kind": "sandbox", "name": "Acme Test", "parent": "acme", "billing_anchor_day": 20},
    {"id": "acme-eu", "kind": "sub-org", "name": "Acme EU", "parent": "acme", "time_zone": "Europe/Budapest", "status": "active",
     "ids": {"here_realm": "org112135"}, "history": [{"valid_from": "2024-07-01", "name": "Acme Europe"}]}
  ],
  "meters": [
    {"id": "a2nB20h1o0lc7k3P9xtWS8", "names": [{"name": "Data Integration"}], "unit": "hours", "scalar": "HOURS", "category": "COMPUTE_UNITS",
     "rates": [{"tier_from": "0", "ipu_per_unit": "0.16"}, {"tier_from": "2000", "ipu_per_unit": "0.025"},
               {"valid_from": "2025-01-01", "org": "acme-eu", "tier_from": "0", "ipu_per_unit": "0.15"}]},
    {"id": "geocode", "names": [{"name": "Geocode"}, {"valid_from": "2024-10-01", "name": "Geocode & Reverse Geocode"}], "unit": "Transactions",
     "here": {"feature_id": "hrn:here:service::olp-here:geocode-7", "category": "LocationServices"},
     "billing": {"free_per_month": "30000", "block_size": "1", "hourly": true}},
    {"id": "tokens", "name": "Tokens", "unit": "tokens",
     "openmeter": {"slug": "tokens_total", "event_type": "prompt", "aggregation": "SUM", "value_property": "$.tokens", "group_by": {"model": "$.model"}}}
  ],
  "subscriptions": [
    {"id": "1", "name": "Ems SP 001 - 1/1/2018", "org": "acme", "customer": "Ems", "charge_number": "C-00011212",
     "term": {"start": "2018-01-01"}, "status": "active", "fields": {"custrecord_sb_service_id": "1001"},
     "lines": [{"number": 3, "id": "301", "item": "Data hours", "type": "usage", "fields": {"custrecord_sb_line_service_id": "1234"},
                "org": "acme-eu", "meter": "a2nB20h1o0lc7k3P9xtWS8"}]}
  ],
  "users": [{"name": "ana@acme.example", "password": "change-me-now", "org": "acme", "roles": ["exporter"], "email": "ana@acme.example"}]
})";

/// Tenants a (the first) and b with a meter of one id each, one of a's sub-org and one of everyone.
inline constexpr std::string_view two_tenants = R"({
  "orgs": [
    {"id": "a", "kind": "production", "name": "A"},
    {"id": "a-sub", "kind": "sub-org", "name": "A sub", "parent": "a", "aliases": ["orig/inal"]},
    {"id": "b", "kind": "production", "name": "B"}
  ],
  "meters": [
    {"id": "SKU1", "name": "of a", "org": "a", "aliases": ["sku/1"]},
    {"id": "SKU1", "name": "of b", "org": "b", "aliases": ["sku/1"]},
    {"id": "low", "name": "of a's sub-org", "org": "a-sub"},
    {"id": "all", "name": "everyone's"}
  ]
})";

}  // namespace meterport::catalog
