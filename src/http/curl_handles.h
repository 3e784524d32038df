// libcurl's handles as owners, and what every exchange through it needs. Private to http.
#pragma once

#include <curl/curl.h>

#include <atomic>
#include <memory>
#include <string>

namespace meterport::http {

struct CloseEasy {
  void operator()(CURL* p) const { curl_easy_cleanup(p); }
};
struct CloseList {
  void operator()(curl_slist* p) const { curl_slist_free_all(p); }
};
struct CloseUrl {
  void operator()(CURLU* p) const { curl_url_cleanup(p); }
};
using Easy = std::unique_ptr<CURL, CloseEasy>;
using List = std::unique_ptr<curl_slist, CloseList>;
using Url = std::unique_ptr<CURLU, CloseUrl>;

/// Needed once a process, before any other call.
inline bool is_curl_ready() {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return ready;
}

/// Ends the exchange within about a second once `cancelled` (may be null) turns true.
inline void end_when(CURL* easy, const std::atomic<bool>* cancelled) {
  if (cancelled == nullptr) return;
  // Not zero ends the exchange.
  constexpr auto on_progress = [](void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) -> int {
    return static_cast<const std::atomic<bool>*>(user)->load() ? 1 : 0;
  };
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, static_cast<curl_xferinfo_callback>(on_progress));
  curl_easy_setopt(easy, CURLOPT_XFERINFODATA, cancelled);
}

inline std::string url_part(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

}  // namespace meterport::http
