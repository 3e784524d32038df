// Private to the /v1 dialect: one page of a catalogue listing, and the tokens of objects whose ids are unique inside
// their owner only.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/json_writer.h"
#include "dialects/meterport/context.h"

namespace meterport::api {

inline constexpr std::size_t catalogue_page_size = 100;

/// {"<array>":[...],"next_page_token":"..."}, written object by object. Not thread-safe.
class Page {
 public:
  Page(std::string_view array, std::size_t objects_max);
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;

  /// Asked before each object that belongs to the listing. False: it is on the next page, whose token is then in the
  /// answer.
  [[nodiscard]] bool has_room();
  /// `token`: the listing goes on after this object.
  void add(std::string_view object_json, std::string token);
  [[nodiscard]] http::Response response();

 private:
  std::string body_;
  JsonWriter out_;
  std::size_t room_;
  std::string last_token_, next_token_;
};

/// "<id>~<owner>": no id holds a '~'.
std::string owned_token(std::string_view id, std::string_view owner);
/// True when the object comes after that token in order of id, then owner; everything comes after "".
bool is_after(std::string_view token, std::string_view id, std::string_view owner);

/// The `org` filter of a listing, if any, must name an org that the caller may know.
Status check_org_filter(const catalog::Snapshot& catalogue, const Principal& principal, const std::string& org);

}  // namespace meterport::api
