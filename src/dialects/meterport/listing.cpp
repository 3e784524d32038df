#include "dialects/meterport/listing.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace meterport::api {

Page::Page(std::string_view array, std::size_t objects_max) : out_(body_), room_(objects_max) {
  out_.begin_object().key(array).begin_array();
}

bool Page::has_room() {
  if (room_ == 0) next_token_ = last_token_;
  return room_ > 0;
}

void Page::add(std::string_view object_json, std::string token) {
  out_.raw(object_json);
  last_token_ = std::move(token);
  --room_;
}

http::Response Page::response() {
  out_.end_array().field("next_page_token", next_token_).end_object();
  return http::Response::json(200, std::move(body_));
}

std::string owned_token(std::string_view id, std::string_view owner) {
  std::string token(id);
  token += '~';
  token += owner;
  return token;
}

bool is_after(std::string_view token, std::string_view id, std::string_view owner) {
  const std::size_t split = std::min(token.find('~'), token.size());
  const std::string_view token_id = token.substr(0, split);
  const std::string_view token_owner = token.substr(std::min(split + 1, token.size()));
  return token.empty() || std::tie(id, owner) > std::tie(token_id, token_owner);
}

Status check_org_filter(const catalog::Snapshot& catalogue, const Principal& principal, const std::string& org) {
  if (org.empty() || (catalogue.org(org) != nullptr && catalogue.may_know(principal, org))) return {};
  return fail(ErrorKind::not_found, "org: there is no such organization", {}, "org");
}

}  // namespace meterport::api
