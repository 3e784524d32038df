// Schemas of regions.
#include "dialects/meterport/schemas.h"

namespace meterport::api {
namespace {

constexpr std::string_view json = "application/json";

constexpr Schema regions_table[] = {
    {"Region", json, R"({
      "type":"object",
      "required":["name","own","url","key","orgs","reachable","problem","looked_at","answered_at","clock_offset_ms",
        "replica"],
      "properties":{
        "name":{"type":"string"},"own":{"type":"boolean","description":"this server"},
        "url":{"type":["string","null"]},
        "key":{"type":["string","null"],"description":"its public signing key, as regions[] of a catalogue has it"},
        "orgs":{"type":"integer","description":"known here, whose ledgers are there"},
        "reachable":{"type":"boolean","description":"at the last look"},
        "problem":{"type":["string","null"]},
        "looked_at":{"type":["string","null"],"format":"date-time"},
        "answered_at":{"type":["string","null"],"format":"date-time"},
        "clock_offset_ms":{"type":["integer","null"],"description":"its clock less this server's"},
        "replica":{"type":["object","null"],"description":"of tenants that are at home there; null: there are none",
          "required":["position","checked_at"],
          "properties":{"position":{"type":"integer","description":"of the home's catalogue; 0: nothing came yet"},
            "checked_at":{"type":["string","null"],"format":"date-time",
              "description":"when it was last known to be the newest"}}}}})"},
    {"RegionList", json, R"({
      "type":"object","required":["regions"],
      "properties":{"regions":{"type":"array","items":{"$ref":"#/components/schemas/Region"}}}})"},
};

}  // namespace

std::span<const Schema> region_schemas() {
  return regions_table;
}

}  // namespace meterport::api
