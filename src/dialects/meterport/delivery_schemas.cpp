// Schemas of deliveries.
#include "dialects/meterport/schemas.h"

namespace meterport::api {
namespace {

constexpr std::string_view json = "application/json";

constexpr Schema deliveries_table[] = {
    {"Delivery", json, R"({
      "type":"object",
      "required":["id","kind","state","job","org","url","attempts_made","created_at","next_attempt_at","last_status",
        "last_error","links"],
      "properties":{
        "id":{"type":"string","description":"of a callback also its header webhook-id"},
        "kind":{"type":"string","enum":["callback","mail"]},
        "state":{"type":"string","enum":["pending","delivered","failed","refused"]},
        "job":{"type":"string"},"org":{"type":"string"},
        "url":{"type":"string","description":"without user and password; of a mail mailto: and the address"},
        "attempts_made":{"type":"integer"},
        "created_at":{"type":"string","format":"date-time"},
        "next_attempt_at":{"type":["string","null"],"format":"date-time","description":"of a pending one"},
        "last_status":{"type":["integer","null"],"description":"HTTP status, of a mail SMTP's reply code; null: no answer"},
        "last_error":{"type":["string","null"]},
        "links":{"type":"object","required":["self","job"],
          "properties":{"self":{"type":"string"},"job":{"type":"string"}}}}})"},
    {"DeliveryHistory", json, R"({
      "type":"object","required":["delivery","attempts"],
      "properties":{"delivery":{"$ref":"#/components/schemas/Delivery"},
        "attempts":{"type":"array","items":{"$ref":"#/components/schemas/DeliveryAttempt"}}}})"},
    {"DeliveryAttempt", json, R"({
      "type":"object","required":["number","began_at","took_ms","status","error"],
      "properties":{"number":{"type":"integer","minimum":1},"began_at":{"type":"string","format":"date-time"},
        "took_ms":{"type":"integer"},"status":{"type":["integer","null"]},"error":{"type":["string","null"]}}})"},
    {"DeliveryList", json, R"({
      "type":"object","required":["deliveries","next_page_token"],
      "properties":{"deliveries":{"type":"array","items":{"$ref":"#/components/schemas/Delivery"}},
        "next_page_token":{"type":"string","description":"empty: this was the last page"}}})"},
    {"DeliveryKeys", json, R"({
      "type":"object","required":["org","secret","public_key"],
      "properties":{"org":{"type":"string"},
        "secret":{"type":"string","description":"whsec_ and base64: verifies v1, HMAC-SHA256"},
  "public_key" : {"type" : "string", "description" : "whpk_ and base64: verifies v1a, Ed25519"}
}
})"},
};

}  // namespace

std::span<const Schema> delivery_schemas() {
  return deliveries_table;
}

}  // namespace meterport::api
