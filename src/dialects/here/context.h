// The handlers, by what they serve. Each gives its answer or the error that the dialect then renders; the headers that
// every answer has are added outside (here.cpp).
#pragma once

#include "dialects/here/access.h"
#include "dialects/here/here.h"
#include "dialects/here/token_error.h"

namespace meterport::here {

Result<http::Response> get_health(const Services& services, const http::Request& request);
Result<http::Response> get_version(const Services& services, const http::Request& request);
Result<http::Response> get_usage(const Services& services, const http::Request& request);
Result<http::Response> get_usage_csv(const Services& services, const http::Request& request);

Result<http::Response> post_report(const Services& services, const http::Request& request);
Result<http::Response> get_reports(const Services& services, const http::Request& request);
Result<http::Response> get_report(const Services& services, const http::Request& request);
Result<http::Response> get_report_output(const Services& services, const http::Request& request);

/// By the head: a token request that nobody signed.
Status check_token_head(const Services& services, const http::Request& request);
TokenResult<http::Response> post_token(const Services& services, const http::Request& request);
http::Response get_timestamp(const Services& services);
http::Response get_server_metadata(const Services& services, const http::Request& request);
Result<http::Response> get_own_authorization(const Services& services, const http::Request& request);

}  // namespace meterport::here
