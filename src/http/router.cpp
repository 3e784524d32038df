#include "http/router.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <string>
#include <utility>

#include "http/problem.h"
#include "http/url.h"

namespace meterport::http {
namespace {

/// "/a//b" -> "a", "", "b". `path` starts with '/'.
std::vector<std::string_view> split_path(std::string_view path) {
  std::vector<std::string_view> parts;
  parts.reserve(8);
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    parts.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return parts;
}

/// Without the empty parts that runs of '/' make; a slash at the end keeps its own.
std::vector<std::string_view> collapsed(const std::vector<std::string_view>& parts) {
  std::vector<std::string_view> kept;
  kept.reserve(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!parts[i].empty() || i + 1 == parts.size()) kept.push_back(parts[i]);
  }
  return kept;
}

bool answers(Method route, Method method) {
  return route == method || (route == Method::get && method == Method::head);
}

void add_to_allow(std::string& allow, Method method) {
  const std::string_view name = to_string(method);
  for (std::size_t at = 0; at < allow.size();) {
    const std::size_t end = std::min(allow.find(", ", at), allow.size());
    if (std::string_view(allow).substr(at, end - at) == name) return;
    at = end + 2;
  }
  if (!allow.empty()) allow += ", ";
  allow += name;
  if (method == Method::get) allow += ", HEAD";
}

}  // namespace

std::vector<Router::Segment> Router::compile(std::string_view pattern) {
  std::vector<Segment> segments;
  for (const std::string_view part : split_path(pattern)) {
    const bool is_name = part.size() > 2 && part.starts_with('{') && part.ends_with('}');
    if (!is_name) {
      segments.push_back({Segment::Kind::literal, std::string(part)});
      continue;
    }
    std::string_view name = part.substr(1, part.size() - 2);
    const bool is_rest = name.ends_with("...");
    if (is_rest) name.remove_suffix(3);
    segments.push_back({is_rest ? Segment::Kind::rest : Segment::Kind::value, std::string(name)});
  }
  return segments;
}

void Router::add(Route route) {
  patterns_.push_back(compile(route.path));
  routes_.push_back(std::move(route));
}

void Router::add_fallback(Fallback fallback) {
  fallbacks_.push_back(std::move(fallback));
}

bool Router::fits(const std::vector<Segment>& pattern, const Parts& parts) {
  const bool has_rest = !pattern.empty() && pattern.back().kind == Segment::Kind::rest;
  if (has_rest ? parts.size() < pattern.size() : parts.size() != pattern.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i].kind == Segment::Kind::literal && pattern[i].text != parts[i]) return false;
    if (pattern[i].kind == Segment::Kind::value && parts[i].empty()) return false;
  }
  return true;
}

void Router::take_values(const std::vector<Segment>& pattern, const Parts& parts, Match& match) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i].kind == Segment::Kind::literal) continue;
    std::string value(parts[i]);
    if (pattern[i].kind == Segment::Kind::rest) {
      for (std::size_t j = i + 1; j < parts.size(); ++j) value.append("/").append(parts[j]);
    }
    match.path_values.emplace(pattern[i].text, std::move(value));
  }
}

const ErrorRenderer& Router::fallback_of(std::string_view raw_path) const {
  static const ErrorRenderer default_errors = problem;
  // "//public/x" belongs to the dialect of "/public/", "/saas//api/v2/x" to that of "/saas/api/v2/".
  std::string single_slash;
  std::ranges::unique_copy(raw_path, std::back_inserter(single_slash),
                           [](char a, char b) { return a == '/' && b == '/'; });
  const Fallback* best = nullptr;
  for (const Fallback& fallback : fallbacks_) {
    if (!raw_path.starts_with(fallback.prefix) && !single_slash.starts_with(fallback.prefix)) continue;
    if (best == nullptr || fallback.prefix.size() > best->prefix.size()) best = &fallback;
  }
  return best == nullptr ? default_errors : best->errors;
}

Router::Match Router::match(Method method, std::string_view raw_path) const {
  Match match;
  raw_path = raw_path.substr(0, raw_path.find('?'));
  Parts parts = raw_path.starts_with('/') ? split_path(raw_path) : Parts{};
  std::deque<std::string> decoded;  // owns what the parts of an encoded path point to
  for (std::string_view& part : parts) {
    if (part.find('%') == std::string_view::npos) continue;
    auto text = percent_decode(part);
    if (!text) {
      match.malformed = true;  // goes on as it is, so that the refusal has the shape of the route it was meant for
      continue;
    }
    part = decoded.emplace_back(std::move(*text));
  }
  const bool has_runs = raw_path.find("//") != std::string_view::npos;
  const Parts single = has_runs ? collapsed(parts) : Parts{};
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    const Route& route = routes_[i];
    const Parts& seen = has_runs && route.collapse_slashes ? single : parts;
    if (!fits(patterns_[i], seen)) continue;
    if (match.malformed) {
      match.errors = &route.errors;
      return match;
    }
    if (answers(route.method, method)) {
      match.route = &route;
      match.errors = &route.errors;
      match.other_method = false;
      match.allow.clear();
      take_values(patterns_[i], seen, match);
      return match;
    }
    add_to_allow(match.allow, route.method);
    if (!match.other_method) match.errors = &route.errors;
    match.other_method = true;
  }
  if (match.errors == nullptr) match.errors = &fallback_of(raw_path);
  return match;
}

}  // namespace meterport::http
