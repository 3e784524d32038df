// Schemas of exports, users, keys and the audit trail.
#include "dialects/meterport/schemas.h"

namespace meterport::api {
namespace {

constexpr std::string_view json = "application/json";

constexpr Schema exports_table[] = {
    {"ExportRequest", json, R"({
      "type":"object","required":["kind"],"additionalProperties":false,
      "properties":{
        "kind":{"type":"string","enum":["summary","project-folder","asset","job-level"]},
        "period":{"type":"string","description":"UTC calendar month, instead of from and to","examples":["2024-09"]},
        "from":{"type":"string","description":"day or RFC 3339 time at 00:00 UTC"},
        "to":{"type":"string","description":"likewise, exclusive"},
        "org":{"type":"string","description":"left out: the caller's"},
        "all_linked":{"type":"boolean","default":false,"description":"not with job-level"},
        "split":{"type":"string","enum":["combined","per-org","per-meter"],"default":"combined",
          "description":"project-folder, asset: combined or per-org; job-level: always a file per meter"},
        "format":{"type":"string","enum":["csv"],"default":"csv"},
        "meter":{"type":"string"},
        "as_of":{"type":["integer","string"],"description":"ledger position or RFC 3339 time; left out: now"},
        "callback_url":{"type":"string","format":"uri","description":"gets the finished job as JSON, signed"}}})"},
    {"Job", json, R"({
      "type":"object",
      "required":["id","kind","state","error","org","all_linked","split","format","meter","from","to","as_of",
        "created_at","updated_at","finished_at","expires_at","progress","artifact","revision","gaps","heals_until",
        "user","links"],
      "properties":{
        "id":{"type":"string"},"kind":{"type":"string","enum":["summary","project-folder","asset","job-level","billed-usage"]},
        "state":{"type":"string",
          "enum":["CREATED","PROCESSING","SUCCESS","PARTIAL_SUCCESS","FAILED","CANCELLED","EXPIRED"]},
        "error":{"type":["string","null"]},"org":{"type":"string"},"all_linked":{"type":"boolean"},
        "split":{"type":"string"},"format":{"type":"string"},"meter":{"type":["string","null"]},
        "from":{"type":"string","format":"date-time"},"to":{"type":"string","format":"date-time"},
        "as_of":{"$ref":"#/components/schemas/AsOf"},
        "created_at":{"type":"string","format":"date-time"},"updated_at":{"type":"string","format":"date-time"},
        "finished_at":{"type":["string","null"],"format":"date-time"},
        "expires_at":{"type":["string","null"],"format":"date-time"},
        "progress":{"type":"object",
          "required":["slices_done","slices","rows","bytes","percent","waiting_for"],
          "properties":{"slices_done":{"type":"integer"},"slices":{"type":"integer"},"rows":{"type":"integer"},
            "bytes":{"type":"integer"},"percent":{"type":"integer","minimum":0,"maximum":100},
            "waiting_for":{"type":["string","null"],
              "description":"a runner, loading, disk space, or region and its name"}}},
        "artifact":{"oneOf":[{"type":"null"},{"type":"object","required":["revision","bytes","rows","sha256"],
          "properties":{"revision":{"type":"integer"},"bytes":{"type":"integer"},"rows":{"type":"integer"},
            "sha256":{"type":"string"}}}]},
        "revision":{"type":"integer","description":"of the artifact, from 1, one more with each filling; 0: none yet"},
        "gaps":{"type":"array","description":"regions whose usage is missing in the artifact",
          "items":{"type":"object","required":["region","orgs","reason"],
            "properties":{"region":{"type":"string"},"orgs":{"type":"array","items":{"type":"string"}},
              "reason":{"type":"string"}}}},
        "heals_until":{"type":["string","null"],"format":"date-time",
          "description":"until then the gaps are filled in when the regions answer; null: they stay"},
        "user":{"type":"string"},
        "links":{"type":"object","required":["self"],
          "properties":{"self":{"type":"string"},"download":{"type":"string"},"manifest":{"type":"string"}}}}})"},
    {"JobList", json, R"({
      "type":"object","required":["exports","next_page_token"],
      "properties":{"exports":{"type":"array","items":{"$ref":"#/components/schemas/Job"}},
        "next_page_token":{"type":"string","description":"empty: this was the last page"}}})"},
    {"Artifact", "application/zip,application/gzip", R"({"type":"string"})"},
};

constexpr Schema identity_table[] = {
    {"Role", json, R"({"type":"string","enum":["admin","exporter","ingester","viewer","operator"]})"},
    {"NewUser", json, R"({
      "type":"object","required":["name","password"],"additionalProperties":false,
      "properties":{"id":{"type":"string","description":"left out: made"},"name":{"type":"string"},
        "password":{"type":"string"},"org":{"type":"string","description":"left out: the caller's"},
        "roles":{"type":"array","items":{"$ref":"#/components/schemas/Role"}},"email":{"type":"string"}}})"},
    {"User", json, R"({
      "type":"object","required":["id","name","org","email","roles","created_at"],
      "properties":{"id":{"type":"string"},"name":{"type":"string"},"org":{"type":"string"},
        "email":{"type":"string"},"roles":{"type":"array","items":{"$ref":"#/components/schemas/Role"}},
        "created_at":{"type":"string","format":"date-time"}}})"},
    {"UserList", json, R"({"type":"object","required":["users"],
      "properties":{"users":{"type":"array","items":{"$ref":"#/components/schemas/User"}}}})"},
    {"NewPassword", json, R"({"type":"object","required":["password"],"additionalProperties":false,
      "properties":{"password":{"type":"string"}}})"},
    {"Empty", json, R"({"type":"object","maxProperties":0})"},
    {"NewKey", json, R"({
      "type":"object","required":["name"],"additionalProperties":false,
      "properties":{
        "for":{"type":"string","enum":["meterport","netsuite","here"],"default":"meterport",
          "description":"netsuite: an OAuth 1.0 token, here: an access key for a client of that wire"},
        "name":{"type":"string"},"org":{"type":"string","description":"left out: the caller's"},
        "roles":{"type":"array","items":{"$ref":"#/components/schemas/Role"},
          "description":"left out, netsuite: ingester, here: exporter"},
        "source":{"type":"string","description":"meterport: source of records that name none; left out: the name"},
        "consumer_key":{"type":"string",
          "description":"netsuite: the token goes under this application of the org; left out: a new one"},
        "app_id":{"type":"string",
          "description":"here: the key goes under this application of the org; left out: a new one"},
        "user":{"type":"string",
          "description":"here: name of the user it acts for, who gets the mails; left out: the caller, if a user"}}})"},
    {"Key", json, R"({
      "type":"object","required":["id","for","name","org","source","roles","created_at","revoked_at"],
      "properties":{"id":{"type":"string","description":"netsuite: the token id, here: the access key id"},
        "for":{"type":"string","enum":["meterport","netsuite","here"]},"name":{"type":"string"},"org":{"type":"string"},
        "source":{"type":"string","description":"here: empty, it sends no records"},
        "roles":{"type":"array","items":{"$ref":"#/components/schemas/Role"}},
        "created_at":{"type":"string","format":"date-time"},
        "revoked_at":{"type":["string","null"],"format":"date-time"},
        "consumer_key":{"type":"string","description":"netsuite"},
        "account":{"type":"string","description":"netsuite: what the client sends as realm"},
        "app_id":{"type":"string","description":"here"},
        "realm":{"type":"string","description":"here: the org in the paths of that wire"},
        "user":{"type":["string","null"],"description":"here: whom it acts for"},
        "key":{"type":"string","description":"meterport, only in the answer that makes it"},
        "consumer_secret":{"type":"string","description":"netsuite, only in the answer that makes the application"},
        "token_id":{"type":"string","description":"netsuite, only in the answer that makes it: the id again"},
        "token_secret":{"type":"string","description":"netsuite, only in the answer that makes it"},
        "access_key_id":{"type":"string","description":"here, only in the answer that makes it: the id again"},
        "access_key_secret":{"type":"string","description":"here, only in the answer that makes it"}}})"},
    {"KeyList", json, R"({"type":"object","required":["keys"],
      "properties":{"keys":{"type":"array","items":{"$ref":"#/components/schemas/Key"}}}})"},
    {"KeyId", json, R"({"type":"object","required":["id"],"properties":{"id":{"type":"string"}}})"},
    {"AuditTrail", json, R"({
      "type":"object","required":["entries","next_page_token"],
      "properties":{"entries":{"type":"array","items":{"$ref":"#/components/schemas/AuditEntry"}},
        "next_page_token":{"type":"string","description":"empty: this was the last page"}}})"},
    {"AuditEntry", json, R"({
      "type":"object",
      "required":["number","time","event","org","principal","principal_id","subject","peer","detail"],
      "properties":{"number":{"type":"integer"},"time":{"type":"string","format":"date-time"},
        "event":{"type":"string","enum":["login_refused","signature_refused","call_refused","user_created","user_changed",
          "password_changed","key_created","key_revoked","application_created","application_revoked","token_created",
          "token_revoked"]},
        "org":{"type":["string","null"]},
        "principal":{"type":["string","null"],"description":"name of who did it, or of who was refused"},
        "principal_id":{"type":["string","null"]},
        "subject":{"type":["string","null"],"description":"user name, key id, token id or consumer key"},
        "peer":{"type":["string","null"],"description":"address of the caller"},
        "detail":{"type":"string","description":"the cause of a refusal; the roles that were given"}}})"},
};

}  // namespace

std::span<const Schema> export_schemas() {
  return exports_table;
}
std::span<const Schema> identity_schemas() {
  return identity_table;
}

}  // namespace meterport::api
