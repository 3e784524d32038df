#include "exports/region_gaps.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/json_writer.h"
#include "catalog/json_tree.h"

namespace meterport::exports {
namespace {

constexpr std::size_t names_max = 20;

std::unexpected<Error> unreadable_gaps() {
  return fail(ErrorKind::internal, "The gaps of an export cannot be read.");
}

Result<Gap> parse_gap(const catalog::JsonValue& value) {
  const catalog::JsonValue *region = value.find("region"), *orgs = value.find("orgs"), *reason = value.find("reason");
  if (region == nullptr || orgs == nullptr || reason == nullptr) return unreadable_gaps();
  Gap gap{region->text, {}, reason->text};
  for (const catalog::JsonValue& org : orgs->items) gap.orgs.push_back(org.text);
  return gap;
}

}  // namespace

std::string gaps_json(const std::vector<Gap>& gaps) {
  std::string out;
  if (gaps.empty()) return out;
  JsonWriter json(out);
  json.begin_array();
  for (const Gap& gap : gaps) {
    json.begin_object().field("region", gap.region).key("orgs").begin_array();
    for (const std::string& org : gap.orgs) json.string(org);
    json.end_array().field("reason", gap.reason).end_object();
  }
  json.end_array();
  return out;
}

Result<std::vector<Gap>> parse_gaps(std::string_view json) {
  std::vector<Gap> gaps;
  if (json.empty()) return gaps;
  const auto tree = catalog::parse_json(json);
  if (!tree) return unreadable_gaps();
  for (const catalog::JsonValue& value : tree->items) {
    auto gap = parse_gap(value);
    if (!gap) return fail(std::move(gap));
    gaps.push_back(std::move(*gap));
  }
  return gaps;
}

std::string reason_clause(std::string_view reason) {
  // Reasons are the rest of a sentence about the region; one that is a sentence of its own stays as it is.
  const bool is_sentence = reason.starts_with("it ") || reason.starts_with("its ") || reason.starts_with("the ");
  return is_sentence ? std::string(reason) : fmt::format("it {}", reason);
}

std::string gap_text(const Gap& gap, std::size_t orgs_of_job, bool all_linked, const catalog::Snapshot& catalogue) {
  std::vector<std::string> names;
  for (const std::string& id : gap.orgs) {
    const Org* org = catalogue.org(id);
    names.push_back(org == nullptr ? id : informatica_id_or_id(*org));
  }
  std::ranges::sort(names);
  const std::size_t more = names.size() - std::min(names.size(), names_max);
  names.resize(names.size() - more);
  std::string text =
      fmt::format("{} of {} {}organizations are missing because region \"{}\" could not be read ({})", gap.orgs.size(),
                  orgs_of_job, all_linked ? "linked " : "", gap.region, reason_clause(gap.reason));
  if (!names.empty()) text += fmt::format(": {}", fmt::join(names, ", "));
  if (more > 0) text += fmt::format(" and {} more", more);
  return text + '.';
}

Job with_outlook(Job job, Instant now) {
  if (!is_healing(job, now)) return job;
  job.error += job.gaps.size() == 1 ? " They will be filled in when it answers."
                                    : " They will be filled in when these regions answer.";
  return job;
}

}  // namespace meterport::exports
