// Schemas of usage, imports, problems and operations.
#include "dialects/meterport/schemas.h"

namespace meterport::api {
namespace {

constexpr std::string_view json = "application/json";

constexpr Schema table[] = {
    {"Problem", "application/problem+json", R"({
      "type":"object","description":"RFC 9457",
      "required":["type","title","status","code"],
      "properties":{
        "type":{"type":"string","examples":["urn:meterport:problem:not_found"]},
        "title":{"type":"string"},"status":{"type":"integer"},
        "code":{"type":"string","enum":["bad_credentials","unauthenticated","forbidden","not_found","no_such_path",
          "method_not_allowed","unsupported_media","malformed","invalid","range_too_long","too_large","too_many_jobs",
          "conflict","not_ready","gone","rate_limited","not_supported","busy","store_unavailable","storage_full",
          "region_unavailable","internal"]},
        "detail":{"type":"string","description":"what is wrong and what is allowed"},
        "field":{"type":"string","description":"JSON pointer into the body, or the parameter's name"},
        "request_id":{"type":"string"}}})"},
    {"UsageRecord", json, R"({
      "type":"object","additionalProperties":false,
      "required":["org","meter","time","quantity","id"],
      "description":"Optional members that are null or empty count as left out.",
      "properties":{
        "org":{"type":"string"},"meter":{"type":"string"},
        "time":{"type":"string","format":"date-time","description":"when it happened; a run: when it ended"},
        "quantity":{"type":["string","number"],"description":"up to 18 digits before the point and 18 after it"},
        "id":{"type":"string","description":"the sender's id; (org, source, id) counts once, for ever"},
        "source":{"type":"string","description":"left out: the key's"},
        "project":{"type":"string"},"folder":{"type":"string"},
        "asset":{"type":["object","string"],"properties":{"name":{"type":"string"},"type":{"type":"string"}}},
        "environment":{"type":["object","string"],
          "properties":{"id":{"type":"string"},"name":{"type":"string"},"type":{"type":"string"}}},
        "resource":{"type":["object","string"],"properties":{"id":{"type":"string"},"name":{"type":"string"}}},
        "subscription":{"type":"string"},"line":{"type":"integer","minimum":1},
        "task":{"type":["object","string"],"properties":{"id":{"type":"string"},"name":{"type":"string"},
          "object":{"type":"string"},"type":{"type":"string"}}},
        "run":{"type":["object","string"],"properties":{"id":{"type":"string"},
          "start":{"type":"string","format":"date-time"},"end":{"type":"string","format":"date-time"},
          "status":{"type":"string"},"cores":{"type":["string","number"]},
          "audit_time":{"type":"string","format":"date-time"},"execution_type":{"type":"string"},
          "invoked_by":{"type":"string"},"count":{"type":"integer"}}},
        "user":{"type":"string"},
        "app":{"type":["object","string"],
          "properties":{"id":{"type":"string"},"name":{"type":"string"},"hrn":{"type":"string"}}},
        "billing_tag":{"type":"string"},"channel":{"type":"string"},"category":{"type":"string"},
        "memo":{"type":"string","maxLength":4000},"properties":{"type":"object"}}})"},
    {"UsageBatch", "application/json,application/x-ndjson", R"({
      "oneOf":[{"$ref":"#/components/schemas/UsageRecord"},
               {"type":"array","items":{"$ref":"#/components/schemas/UsageRecord"}}]})"},
    {"RecordError", json, R"({
      "type":"object","required":["code","pointer","text"],
      "properties":{
        "code":{"type":"string","enum":["malformed_record","missing_field","empty_field","bad_format","unknown_org",
          "unknown_meter","out_of_scope","wrong_region","unknown_subscription","unknown_line","ambiguous","mismatch",
          "unknown_field","outside_term","line_unusable","meter_takes_no_usage","quantity_out_of_range",
          "quantity_not_exact","text_too_long","time_out_of_range","no_quantity","no_billing_account","no_sku",
          "id_taken","cell_count","bad_encoding","conflict","internal"]},
        "pointer":{"type":"string","description":"JSON pointer inside the record, or a column's name"},
        "text":{"type":"string"}}})"},
    {"UsageResult", json, R"({
      "type":"object","required":["batch","position","stored","duplicates","conflicts","rejected","results"],
      "description":"A 200 answer means: what is stored is on disk.",
      "properties":{
        "batch":{"type":["string","null"],"description":"null: nothing was stored"},
        "position":{"type":"integer","description":"of the last record stored"},
        "stored":{"type":"integer"},"duplicates":{"type":"integer"},"conflicts":{"type":"integer"},
        "rejected":{"type":"integer"},
        "results":{"type":"array","items":{"type":"object","required":["index","status"],
          "properties":{
            "index":{"type":"integer","description":"place in the request, from 0"},
            "status":{"type":"string","enum":["stored","duplicate","conflict","rejected"]},
            "position":{"type":"integer","description":"stored: its own; duplicate and conflict: the first one's"},
            "error":{"$ref":"#/components/schemas/RecordError"}}}}}})"},
    {"Operation", json, R"({
      "type":"object",
      "required":["id","kind","state","error","org","sender","items","settled","stored","duplicates","conflicts",
        "rejected","created_at","finished_at","links"],
      "properties":{
        "id":{"type":"integer"},
        "kind":{"type":"string","examples":["usage+json","usage+ndjson","netsuite"]},
        "state":{"type":"string","enum":["CREATED","PROCESSING","SUCCESS","PARTIAL_SUCCESS","FAILED"]},
        "error":{"type":["string","null"]},"org":{"type":"string"},"sender":{"type":"string"},
        "items":{"type":"integer"},"settled":{"type":"integer"},"stored":{"type":"integer"},
        "duplicates":{"type":"integer"},"conflicts":{"type":"integer"},"rejected":{"type":"integer"},
        "created_at":{"type":"string","format":"date-time"},
        "finished_at":{"type":["string","null"],"format":"date-time"},
        "links":{"type":"object","required":["self","results"],
          "properties":{"self":{"type":"string"},"results":{"type":"string"}}}}})"},
    {"OperationList", json, R"({
      "type":"object","required":["operations","next_page_token"],
      "properties":{"operations":{"type":"array","items":{"$ref":"#/components/schemas/Operation"}},
        "next_page_token":{"type":"string","description":"empty: this was the last page"}}})"},
    {"OperationResults", json, R"({
      "type":"object","required":["state","results","next_page_token"],
      "properties":{
        "state":{"type":"string","description":"of the operation: until it is final, more results come"},
        "results":{"type":"array","items":{"type":"object","required":["index","status"],
          "properties":{
            "index":{"type":"integer","description":"place in the submission, from 0"},
            "status":{"type":"string","enum":["stored","duplicate","conflict","rejected"]},
            "position":{"type":"integer","description":"stored: its own; duplicate and conflict: the first one's"},
            "error":{"$ref":"#/components/schemas/RecordError"}}}},
        "next_page_token":{"type":"string","description":"empty: nothing more is settled"}}})"},
    {"ImportFile", "text/csv,application/x-ndjson", R"({"type":"string"})"},
    {"ImportReport", json, R"({
      "type":"object",
      "required":["rows","stored","duplicates","conflicts","rejected","orgs_made","meters_made","position",
        "rejected_rows","rejected_billed_cost","notices","header"],
      "properties":{
        "rows":{"type":"integer"},"stored":{"type":"integer"},"duplicates":{"type":"integer"},
        "conflicts":{"type":"integer"},"rejected":{"type":"integer"},"orgs_made":{"type":"integer"},
        "meters_made":{"type":"integer"},"position":{"type":"integer"},
        "rejected_rows":{"type":"array","items":{"type":"object",
          "required":["line","id","charge_category","billed_cost","currency","error","row"],
          "properties":{"line":{"type":"integer"},"id":{"type":"string"},"charge_category":{"type":"string"},
            "billed_cost":{"type":"string"},"currency":{"type":"string"},
            "error":{"$ref":"#/components/schemas/RecordError"},"row":{"type":"string"}}}},
        "rejected_billed_cost":{"type":"object","additionalProperties":{"type":"string"}},
        "notices":{"type":"array","items":{"type":"string"}},"header":{"type":"string"}}})"},
    {"AsOf", json, R"({
      "type":"object","required":["time","position","catalogue_position"],
      "description":"what an answer or export is pinned to",
      "properties":{"time":{"type":"string","format":"date-time"},"position":{"type":"integer"},
        "catalogue_position":{"type":"integer"}}})"},
    {"UsageTotals", json, R"({
      "type":"object","required":["from","to","as_of","rows"],
      "properties":{
        "from":{"type":"string","format":"date-time"},"to":{"type":"string","format":"date-time"},
        "tz":{"type":"string","description":"the time zone of days and windows; left out: UTC"},
        "as_of":{"$ref":"#/components/schemas/AsOf"},
        "rows":{"type":"array","items":{"type":"object","required":["quantity","records"],
          "additionalProperties":{"type":["string","null"],"description":"a dimension asked for in group_by"},
          "properties":{"org":{"type":"string"},"meter":{"type":"string"},"day":{"type":"string","format":"date"},
            "window_start":{"type":"string","format":"date-time"},"window_end":{"type":"string","format":"date-time"},
            "quantity":{"type":"string"},"records":{"type":"integer"}}}}}})"},
    {"Health", json, R"({"type":"object","required":["status"],"properties":{"status":{"const":"ok"}}})"},
    {"Readiness", json, R"({"type":"object","required":["status","reason","regions"],
      "properties":{"status":{"type":"string","enum":["ready","not ready"]},"reason":{"type":"string"},
        "regions":{"type":"array","description":"others that own orgs; they do not count for the status",
          "items":{"type":"object","required":["name","reachable"],
            "properties":{"name":{"type":"string"},"reachable":{"type":"boolean"}}}}}})"},
    {"Metrics", "text/plain", R"({"type":"string"})"},
    {"Document", json, R"({"type":"object"})"},
};

}  // namespace

std::span<const Schema> usage_schemas() {
  return table;
}

}  // namespace meterport::api
