#include "regions/answers.h"

#include <charconv>

#include "base/log.h"
#include "base/version.h"
#include "http/problem.h"
#include "queries/part_file.h"
#include "regions/messages.h"
#include "regions/rights.h"

namespace meterport::regions {
namespace {

constexpr std::int64_t part_wait_ms = 1'500;    // a caller is told within two seconds how far its part is
constexpr std::int64_t totals_wait_ms = 2'000;  // for the clock and the loader
constexpr std::int64_t us_per_ms = 1'000;
constexpr std::int64_t look_ms = 500;  // how often a part that waits looks whether it is still wanted
constexpr const char* part_type = "application/vnd.meterport.part";

/// No caller whose call was accepted has a clock that is further ahead.
constexpr std::int64_t ahead_max_us = (created_window_s + 1) * Instant::us_per_second;

std::unexpected<Error> in_the_future() {
  return fail(ErrorKind::invalid, "as_of: is in the future", {}, "/as_of");
}

std::unexpected<Error> nothing_here() {
  return fail(ErrorKind::not_found, "there is nothing here for you");
}

/// `after`, a position; 0 if left out.
Result<std::uint64_t> read_after(const http::Request& request) {
  const std::string_view text = request.query_value("after").value_or("0");
  std::uint64_t after = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), after);
  if (code == std::errc() && end == text.data() + text.size()) return after;
  return fail(ErrorKind::invalid, "after: must be a position", {}, "after");
}

/// Counts what goes through.
class CountedSink final : public queries::PartSink {
 public:
  CountedSink(queries::PartSink& to, MakingProgress& progress) : to_(to), progress_(progress) {}
  Status word(warehouse::Dimension dimension, warehouse::Code code, std::string_view text) override {
    return to_.word(dimension, code, text);
  }
  Status fact(const warehouse::Fact& fact, std::string_view payload, Instant arrival_time) override {
    progress_.add_row();
    return to_.fact(fact, payload, arrival_time);
  }

 private:
  queries::PartSink& to_;
  MakingProgress& progress_;
};

/// One try; busy: the instant is not there yet.
Result<MadePart> try_part(queries::Queries& queries, FileSystem& files, const queries::PartRequest& request,
                          const std::string& path, MakingProgress& progress) {
  if (files.exists(path)) {
    if (auto removed = files.remove(path); !removed) return fail(std::move(removed));
  }
  auto writer = queries::PartFileWriter::create(files, path, request.grain, request.dims);
  if (!writer) return fail(std::move(writer));
  progress.begin_anew();
  CountedSink sink(**writer, progress);
  auto read = queries.read_part(request, sink, look_ms, [&progress] { return progress.look(); });
  if (!read) return fail(std::move(read));
  if (auto ended = (*writer)->finish(); !ended) return fail(std::move(ended));
  return MadePart{.path = path, .bytes = (*writer)->bytes(), .sha256 = (*writer)->sha256()};
}

}  // namespace

Makings::Maker part_maker(queries::Queries& queries, FileSystem& files, Clock& clock) {
  return
      [&](const queries::PartRequest& request, const std::string& path, MakingProgress& progress) -> Result<MadePart> {
        for (;;) {
          auto made = try_part(queries, files, request, path, progress);
          if (made || made.error().kind != ErrorKind::busy) return made;
          if (auto wanted = progress.look(); !wanted) return fail(std::move(wanted));
          progress.waits_for(clock.now() <= request.as_of ? "the clock" : "loading");
        }
      };
}

void Answers::add_routes(http::Router& router) {
  constexpr std::size_t no_body = 0;
  add(router, http::Method::get, ping_path, no_body, &Answers::ping);
  add(router, http::Method::get, catalogue_path, no_body, &Answers::catalogue);
  add(router, http::Method::post, parts_path, request_bytes_max, &Answers::part);
  add(router, http::Method::post, totals_path, request_bytes_max, &Answers::totals);
}

void Answers::add(http::Router& router, http::Method method, std::string_view path, std::size_t body_bytes_max,
                  Answering answering) {
  http::Route route;
  route.method = method;
  route.path = path;
  route.execution = http::Execution::blocking;
  route.body_bytes_max = body_bytes_max;
  route.authorize = [this](const http::Request& request) { return gate_.check_head(request); };
  route.handler = [this, answering](const http::Request& request, http::Reply reply) {
    handle(request, std::move(reply), answering);
  };
  route.errors = http::problem;
  router.add(std::move(route));
}

void Answers::handle(const http::Request& request, http::Reply reply, Answering answering) {
  const auto caller = gate_.check(request);
  if (!caller) return reply(http::problem(request, caller.error()));
  auto answer = this->answer(request, *caller, answering);
  if (!answer) {
    const Error& error = answer.error();
    if (http::status_of(error.kind) >= 500) {
      log::warning("a region's call failed",
                   {{"region", caller->region}, {"path", request.path}, {"why", error.text}, {"detail", error.detail}});
    }
    auto response = http::problem(request, answer.error());
    gate_.sign(response, *caller);
    return reply(std::move(response));
  }
  reply(std::move(*answer));
}

/// A call under way, of those that a region may have.
class Answers::Turn {
 public:
  Turn(Answers& answers, const std::string& region) : answers_(answers), region_(region) {
    const std::lock_guard lock(answers_.mutex_);
    std::size_t& calls = answers_.under_way_[region_];
    if (calls < answers_.calls_of_a_region_max_) is_given_ = ++calls > 0;
  }
  ~Turn() {
    const std::lock_guard lock(answers_.mutex_);
    if (is_given_) --answers_.under_way_[region_];
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  [[nodiscard]] bool is_given() const { return is_given_; }

 private:
  Answers& answers_;
  const std::string& region_;
  bool is_given_ = false;
};

Answers::Answer Answers::answer(const http::Request& request, const Caller& caller, Answering answering) {
  const Turn turn(*this, caller.region);
  if (!turn.is_given()) return fail(ErrorKind::busy, "too many calls at once; try again");
  return (this->*answering)(request, caller);
}

Answers::Answer Answers::ping(const http::Request&, const Caller& caller) {
  auto response = http::Response::json(200, ping_json({.name = catalog_.own_region(),
                                                       .version = std::string(version),
                                                       .now = clock_.now(),
                                                       .catalogue_position = catalog_.current()->position()}));
  gate_.sign(response, caller);
  return response;
}

Answers::Answer Answers::catalogue(const http::Request& request, const Caller& caller) {
  const auto after = read_after(request);
  if (!after) return fail(after);
  const auto feed = catalog_.feed(caller.region, *after);
  if (!feed) return fail(feed);
  auto response = http::Response::json(200, feed_json(*feed));
  gate_.sign(response, caller);
  return response;
}

bool Answers::is_too_far_ahead(Instant as_of) const {
  return as_of > clock_.now().plus_us(ahead_max_us);
}

Answers::Answer Answers::part(const http::Request& request, const Caller& caller) {
  const auto asked = read_part_request(request.body);
  if (!asked) return fail(asked);
  if (!may_have_part(*catalog_.current(), catalog_.own_region(), caller.region, *asked)) return nothing_here();
  if (!queries_.has_passed(asked->as_of)) {
    // Without a thread that waits: others' parts are not held up by a clock that is behind.
    if (is_too_far_ahead(asked->as_of)) return in_the_future();
    auto response = http::Response::json(202, waiting_json({.rows = 0, .waits_for = "the clock", .now = clock_.now()}));
    gate_.sign(response, caller);
    return response;
  }
  auto made = makings_.get(caller.region, caller.body, *asked, part_wait_ms);
  if (!made) return fail(std::move(made));
  http::Response response;
  if (const auto* waiting = std::get_if<Waiting>(&*made)) {
    response = http::Response::json(202, waiting_json(*waiting));
    gate_.sign(response, caller);
    return response;
  }
  const auto& part = std::get<MadePart>(*made);
  response.content_type = part_type;
  response.file = http::FileBody{.path = part.path, .offset = 0, .bytes = part.bytes};
  gate_.sign(response, caller, part.sha256);
  probe_.part_sent(caller.region, part.bytes);
  return response;
}

Answers::Answer Answers::totals(const http::Request& request, const Caller& caller) {
  const auto call = read_totals_call(request.body);
  if (!call) return fail(call);
  if (!may_have_totals(*catalog_.current(), catalog_.own_region(), caller.region, *call)) return nothing_here();
  if (!queries_.has_passed(call->as_of)) {
    if (is_too_far_ahead(call->as_of)) return in_the_future();
    const std::int64_t ahead_us = call->as_of.us - clock_.now().us;
    if (ahead_us > totals_wait_ms * us_per_ms) return fail(ErrorKind::busy, "the clock is behind; try again");
  }
  const auto rows = queries_.own_totals(call->request, call->orgs, call->as_of, totals_wait_ms);
  if (!rows) return fail(rows);
  http::Response response;
  response.content_type = "application/x-ndjson";
  response.body = total_rows_json(*rows);
  gate_.sign(response, caller);
  return response;
}

}  // namespace meterport::regions
