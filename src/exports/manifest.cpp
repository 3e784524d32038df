#include "exports/manifest.h"

#include <fmt/format.h>

#include "base/json_writer.h"
#include "exports/billed_spec_json.h"

namespace meterport::exports {
namespace {

void write_spec(JsonWriter& json, const ExportSpec& spec) {
  json.key("spec").begin_object();
  json.field("kind", to_string(spec.kind));
  json.field("from", format_rfc3339(spec.period.from)).field("to", format_rfc3339(spec.period.to));
  json.field("org", spec.org).field("all_linked", spec.all_linked);
  json.field("split", to_string(spec.split));
  json.key("meter");
  spec.meter.empty() ? json.null() : json.string(spec.meter);
  json.field("format", spec.format);
  if (spec.kind == ExportKind::billed_usage) json.key("billed").raw(billed_spec_json(spec.billed));
  json.end_object();
}

void write_files(JsonWriter& json, const std::vector<ArtifactFile>& files) {
  json.key("files").begin_array();
  for (const ArtifactFile& file : files) {
    const PackedFile& packed = file.packed;
    json.begin_object().field("name", packed.name).field("rows", file.rows).field("bytes", packed.bytes);
    json.field("crc32", fmt::format("{:08x}", packed.crc32)).field("sha256", to_hex(packed.sha256)).end_object();
  }
  json.end_array();
}

void write_totals(JsonWriter& json, const std::vector<ControlTotal>& totals) {
  json.key("totals").begin_array();
  for (const ControlTotal& total : totals) {
    json.begin_object().key("meter");
    total.meter.empty() ? json.null() : json.string(total.meter);
    json.field("rows", total.rows).key("quantity");
    total.quantity ? json.string(total.quantity->to_text()) : json.null();
    if (total.billable) {
      json.field("billable", total.billable->to_text());
    } else {
      json.key("ipu");
      total.ipu ? json.string(total.ipu->to_text()) : json.null();
    }
    json.end_object();
  }
  json.end_array();
}

void write_gaps(JsonWriter& json, const MissingOrgs& missing, const std::vector<Gap>& regions) {
  json.key("gaps").begin_array();
  if (!missing.ids.empty()) {
    json.begin_object().field("reason", "rights").field("orgs", std::uint64_t{missing.ids.size()});
    json.key("named").begin_array();
    for (const std::string& id : missing.named) json.string(id);
    json.end_array().end_object();
  }
  for (const Gap& gap : regions) {
    json.begin_object().field("reason", "region").field("region", gap.region);
    json.field("orgs", std::uint64_t{gap.orgs.size()}).key("named").begin_array();
    for (const std::string& id : gap.orgs) json.string(id);
    json.end_array().field("why", gap.reason).end_object();
  }
  json.end_array();
}

std::string content_json(const StoredJob& stored, const Artifact& artifact, const std::vector<ControlTotal>& totals) {
  std::string out;
  JsonWriter json(out);
  const Snapshot& snapshot = stored.job.snapshot;
  json.begin_object().field("writer_version", writer_version(packing_of(stored.job.spec.kind)));
  write_spec(json, stored.job.spec);
  json.key("snapshot").begin_object().field("as_of", format_rfc3339(snapshot.as_of));
  json.field("ledger_position", snapshot.ledger_position);
  json.field("catalogue_position", snapshot.catalogue_position).end_object();
  write_files(json, artifact.files());
  json.key("archive").begin_object().field("bytes", artifact.bytes());
  json.field("sha256", to_hex(artifact.sha256())).end_object();
  write_totals(json, totals);
  write_gaps(json, stored.missing, stored.job.gaps);
  json.end_object();
  return out;
}

}  // namespace

std::string manifest_json(const StoredJob& stored, const Artifact& artifact, const std::vector<ControlTotal>& totals) {
  const std::string content = content_json(stored, artifact, totals);
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("format", "meterport-export-manifest").field("version", 1);
  json.key("content").raw(content).field("content_sha256", to_hex(sha256(content)));
  json.key("job").begin_object().field("id", stored.job.id).field("revision", stored.job.revision).key("replaces");
  stored.job.revision > 1 ? json.number(stored.job.revision - 1) : json.null();
  json.field("created", format_rfc3339(stored.job.created)).field("user", stored.job.user_id).end_object();
  json.end_object();
  out += '\n';
  return out;
}

}  // namespace meterport::exports
