#include "http/client.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>

#include "base/file_system.h"
#include "http/curl_handles.h"
#include "http/text.h"

namespace meterport::http {
namespace {

constexpr std::size_t guarded_answer_bytes_max = 64 * 1024;
constexpr std::size_t plain_answer_bytes_max = 256 * 1024 * 1024;
constexpr std::int64_t connect_ms_max = 5'000;
constexpr std::size_t addresses_tried_max = 3;

/// One exchange: where the answer goes.
struct Exchange {
  OutboundResponse response;
  std::size_t answer_bytes_max = 0;
  bool is_cut = false;             ///< the answer was longer than wanted
  File* to = nullptr;              ///< of a 2xx answer
  std::uint64_t to_bytes = 0;      ///< written
  std::optional<Error> own_error;  ///< of the file, or the head was not taken
  std::function<Result<std::uint64_t>(const OutboundResponse&)> on_head;
  std::optional<std::uint64_t> bytes_left;  ///< that on_head let come
  CURL* easy = nullptr;
};

/// False: the exchange ends here.
bool take_head(Exchange& exchange, int status, std::size_t bytes) {
  if (!exchange.on_head) return true;
  if (!exchange.bytes_left) {
    exchange.response.status = status;
    auto most = exchange.on_head(exchange.response);
    if (!most) {
      exchange.own_error = std::move(most.error());
      return false;
    }
    exchange.bytes_left = *most;
  }
  if (*exchange.bytes_left < bytes) {
    exchange.own_error = Error{ErrorKind::too_large, "the answer is longer than its head says", {}, {}};
    return false;
  }
  *exchange.bytes_left -= bytes;
  return true;
}

std::size_t on_header(char* data, std::size_t, std::size_t bytes, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  std::string_view line(data, bytes);
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) exchange.response.headers.clear();  // an interim answer came before
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return bytes;
  std::string_view value = line.substr(colon + 1);
  value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
  exchange.response.headers.emplace_back(line.substr(0, colon), value);
  return bytes;
}

std::size_t on_body(char* data, std::size_t, std::size_t bytes, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  long status = 0;
  curl_easy_getinfo(exchange.easy, CURLINFO_RESPONSE_CODE, &status);
  if (!take_head(exchange, static_cast<int>(status), bytes)) return 0;
  if (exchange.to != nullptr && status / 100 == 2) {
    auto written = exchange.to->write_at(exchange.to_bytes, {data, bytes});
    if (!written) {
      exchange.own_error = std::move(written.error());
      return 0;
    }
    exchange.to_bytes += bytes;
    return bytes;
  }
  const std::size_t room = exchange.answer_bytes_max - exchange.response.body.size();
  exchange.response.body.append(data, std::min(bytes, room));
  exchange.is_cut = bytes > room;
  return exchange.is_cut ? 0 : bytes;
}

struct Destination {
  std::string host;  ///< without brackets
  std::string port;
};

Result<Destination> parse_url(const std::string& text) {
  const Url url(curl_url());
  const auto refused = [](std::string why) { return fail(ErrorKind::invalid, "url: " + std::move(why), {}, "url"); };
  // libcurl would read it up to there, and connect to another host than is written.
  if (text.contains('\0')) return refused("not a valid URL");
  if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return refused("not a valid URL");
  const auto scheme = url_part(url.get(), CURLUPART_SCHEME);
  auto host = url_part(url.get(), CURLUPART_HOST);
  const auto port = url_part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  if (scheme != "http" && scheme != "https") return refused("only http and https are supported");
  if (host.find_first_not_of('.') == std::string::npos) return refused("there is no host");
  if (port == "0") return refused("port 0 is none");
  if (!url_part(url.get(), CURLUPART_USER).empty() || !url_part(url.get(), CURLUPART_PASSWORD).empty()) {
    return refused("user and password do not belong into it");
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return Destination{.host = std::move(host), .port = port};
}

void set_method(CURL* easy, const OutboundRequest& request) {
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  } else if (request.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  }
  if (request.method != "HEAD") curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void set_exchange(CURL* easy, Exchange& exchange) {
  exchange.easy = easy;
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange);
}

Result<List> make_headers(const OutboundRequest& request) {
  List list;
  // curl would ask for 100-continue before longer bodies, which many receivers do not answer.
  std::vector<std::string> lines{"Expect:"};
  for (const auto& [name, value] : request.headers) {
    const std::string line = name + ": " + value;
    if (line.find_first_of("\r\n") != std::string::npos) {
      return fail(ErrorKind::invalid, "a header must not hold a line end");
    }
    lines.push_back(value.empty() ? name + ";" : line);
  }
  for (const std::string& line : lines) {
    curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) return fail(ErrorKind::internal, "out of memory");
    (void)list.release();  // `longer` begins with it
    list.reset(longer);
  }
  return list;
}

Result<Easy> prepare(const OutboundRequest& request, Exchange& exchange, const List& headers) {
  Easy easy(is_curl_ready() ? curl_easy_init() : nullptr);
  if (!easy) return fail(ErrorKind::internal, "the HTTP client did not start");
  CURL* const c = easy.get();
  curl_easy_setopt(c, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c, CURLOPT_USERAGENT, "meterport");
  curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers.get());
  const auto connect_ms = static_cast<long>(std::min(request.timeout_ms, connect_ms_max));
  curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
  end_when(c, request.cancelled);
  if (!request.ca_file.empty()) curl_easy_setopt(c, CURLOPT_CAINFO, request.ca_file.c_str());
  exchange.on_head = request.on_head;
  set_method(c, request);
  set_exchange(c, exchange);
  return easy;
}

Result<OutboundResponse> outcome(CURLcode code, Exchange& exchange) {
  if (exchange.own_error) return std::unexpected(std::move(*exchange.own_error));
  long status = 0;
  curl_easy_getinfo(exchange.easy, CURLINFO_RESPONSE_CODE, &status);
  exchange.response.status = static_cast<int>(status);
  const bool is_cut = code == CURLE_WRITE_ERROR && exchange.is_cut;
  if (code == CURLE_OK || is_cut) return std::move(exchange.response);
  // CURLE_UNSUPPORTED_PROTOCOL tells of the answer: that the URL is one of HTTP was seen before.
  if (code == CURLE_URL_MALFORMAT) {
    return fail(ErrorKind::invalid, "url: " + std::string(curl_easy_strerror(code)), {}, "url");
  }
  return fail(ErrorKind::store_unavailable, curl_easy_strerror(code));
}

/// The first that fits says it; libcurl's own words otherwise.
struct FewWords {
  CURLcode code;
  std::string_view words;
};
constexpr FewWords few_words[] = {
    {CURLE_COULDNT_CONNECT, refused_the_connection},
    {CURLE_COULDNT_RESOLVE_HOST, "its name was not found"},
    {CURLE_OPERATION_TIMEDOUT, "did not answer in time"},
    {CURLE_PARTIAL_FILE, "broke off its answer"},
    {CURLE_RECV_ERROR, "broke off the connection"},
    {CURLE_SEND_ERROR, "broke off the connection"},
    {CURLE_GOT_NOTHING, "broke off the connection"},
    {CURLE_PEER_FAILED_VERIFICATION, "its certificate is not trusted"},
    {CURLE_SSL_CACERT_BADFILE, "its certificate could not be checked"},
    {CURLE_SSL_CONNECT_ERROR, "does not speak TLS"},
    {CURLE_UNSUPPORTED_PROTOCOL, "does not speak HTTP"},
    {CURLE_WEIRD_SERVER_REPLY, "does not speak HTTP"},
    {CURLE_ABORTED_BY_CALLBACK, "did not answer in time"},
};

Result<OutboundResponse> run_plain(const OutboundRequest& request, Exchange& exchange, bool is_long) {
  if (auto url = parse_url(request.url); !url) return fail(std::move(url));
  auto headers = make_headers(request);
  if (!headers) return fail(std::move(headers));
  exchange.answer_bytes_max = plain_answer_bytes_max;
  auto easy = prepare(request, exchange, *headers);
  if (!easy) return fail(std::move(easy));
  const char* const no_proxy = std::getenv("no_proxy");
  const std::string direct =
      std::string("localhost,127.0.0.1,::1") + (no_proxy ? "," : "") + (no_proxy ? no_proxy : "");
  curl_easy_setopt(easy->get(), CURLOPT_NOPROXY, direct.c_str());
  if (is_long) {
    curl_easy_setopt(easy->get(), CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(easy->get(), CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.timeout_ms / 1000 + 1));
  } else {
    curl_easy_setopt(easy->get(), CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout_ms));
  }
  const CURLcode code = curl_easy_perform(easy->get());
  return outcome(code, exchange);
}

}  // namespace

std::string_view OutboundResponse::header(std::string_view name) const {
  for (const auto& [known, value] : headers) {
    if (same_ignoring_case(known, name)) return value;
  }
  return {};
}

std::string in_few_words(const Error& error) {
  for (const auto& [code, words] : few_words) {
    if (error.text == curl_easy_strerror(code)) return std::string(words);
  }
  return error.text;
}

Result<std::string> host_of(const std::string& url) {
  auto destination = parse_url(url);
  if (!destination) return fail(std::move(destination));
  std::string host = std::move(destination->host);
  std::ranges::transform(host, host.begin(), ascii_lower);
  while (host.ends_with('.')) host.pop_back();  // the root's dot: the same host
  return host;
}

Result<OutboundResponse> send_guarded(const OutboundRequest& request, const AddressGuard& guard,
                                      const OutboundSeams& seams) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(request.timeout_ms);
  auto destination = parse_url(request.url);
  if (!destination) return fail(std::move(destination));
  auto addresses = seams.resolve(destination->host, destination->port);
  if (!addresses) return fail(std::move(addresses));
  for (const std::string& address : *addresses) {
    // One closed address is enough: a name that mixes both is either misconfigured or an attack.
    if (!guard.allows(address)) {
      return fail(ErrorKind::forbidden, "the address of " + destination->host + " is not public", address, "url");
    }
  }
  auto headers = make_headers(request);
  if (!headers) return fail(std::move(headers));
  Result<OutboundResponse> result = fail(ErrorKind::store_unavailable, "the name has no address");
  for (std::size_t i = 0; i < std::min(addresses->size(), addresses_tried_max); ++i) {
    const auto left = deadline - std::chrono::steady_clock::now();
    const auto left_ms = static_cast<long>(std::chrono::duration_cast<std::chrono::milliseconds>(left).count());
    if (left_ms <= 0) return fail(ErrorKind::store_unavailable, "no answer in time");
    Exchange exchange;
    exchange.answer_bytes_max = guarded_answer_bytes_max;
    auto easy = prepare(request, exchange, *headers);
    if (!easy) return fail(std::move(easy));
    // Whatever the name means by now, the connection goes to the address that was checked.
    const std::string to = "::" + seams.endpoint((*addresses)[i], destination->port);
    const List pin(curl_slist_append(nullptr, to.c_str()));
    if (!pin) return fail(ErrorKind::internal, "out of memory");
    curl_easy_setopt(easy->get(), CURLOPT_CONNECT_TO, pin.get());
    curl_easy_setopt(easy->get(), CURLOPT_PROXY, "");  // a proxy would resolve the name anew
    curl_easy_setopt(easy->get(), CURLOPT_TIMEOUT_MS, left_ms);
    const CURLcode code = curl_easy_perform(easy->get());
    result = outcome(code, exchange);
    if (code != CURLE_COULDNT_CONNECT) break;
  }
  return result;
}

Result<OutboundResponse> send_plain(const OutboundRequest& request) {
  Exchange exchange;
  return run_plain(request, exchange, false);
}

Result<OutboundResponse> download_plain(const OutboundRequest& request, const std::string& path) {
  FileSystem& files = system_files();
  const std::string beside = path + ".part";
  if (files.exists(beside)) {
    if (auto removed = files.remove(beside); !removed) return fail(std::move(removed));
  }
  auto file = files.open(beside, OpenMode::create_new);
  if (!file) return fail(std::move(file));
  Exchange exchange;
  exchange.to = file->get();
  auto response = run_plain(request, exchange, true);
  if (response && response->status / 100 == 2) {
    if (auto renamed = files.rename(beside, path); !renamed) return fail(std::move(renamed));
    return response;
  }
  // The answer (or the error) is what the caller must see; a part left behind is overwritten by the next try.
  (void)files.remove(beside);
  return response;
}

}  // namespace meterport::http
