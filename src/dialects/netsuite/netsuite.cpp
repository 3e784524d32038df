#include "dialects/netsuite/netsuite.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "dialects/netsuite/authenticate.h"
#include "dialects/netsuite/call_error.h"
#include "dialects/netsuite/envelope.h"
#include "dialects/netsuite/status_answer.h"
#include "dialects/netsuite/usage_reader.h"

namespace meterport::netsuite {
namespace {

using http::Method;
using http::Request;
using http::Response;

constexpr const char* path = "/app/site/hosting/restlet.nl";
constexpr std::size_t idempotency_key_bytes_max = 255;

/// How many requests of each account are worked on (C27).
class Gate {
 public:
  explicit Gate(std::int64_t per_account_max) : per_account_max_(per_account_max) {}

  class Pass {
   public:
    Pass(Gate& gate, std::string account) : gate_(gate), account_(std::move(account)) {}
    ~Pass() {
      const std::lock_guard lock(gate_.mutex_);
      const auto found = gate_.under_way_.find(account_);
      if (--found->second == 0) gate_.under_way_.erase(found);
    }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

   private:
    Gate& gate_;
    std::string account_;
  };
  /// Null: one too many.
  std::unique_ptr<Pass> enter(const std::string& account) {
    const std::lock_guard lock(mutex_);
    std::int64_t& count = under_way_[account];
    if (per_account_max_ > 0 && count >= per_account_max_) return nullptr;
    ++count;
    return std::make_unique<Pass>(*this, account);
  }

 private:
  const std::int64_t per_account_max_;
  std::mutex mutex_;
  std::map<std::string, std::int64_t> under_way_;
};

class Restlet {
 public:
  explicit Restlet(const Services& services)
      : services_(services), gate_(services.settings.number("netsuite.concurrency_max")) {}

  /// By the head alone, on the socket's thread.
  Status authorize(const Request& request) const {
    if (auto caller = authenticate(services_, request, false); !caller) return fail(std::move(caller));
    return check_head(services_.settings, request);
  }

  Response answer(Request request) {
    auto caller = authenticate(services_, request, true);
    if (!caller) return render(request, caller.error());
    if (auto fine = check_head(services_.settings, request); !fine) return render(request, fine.error());
    const auto pass = gate_.enter(caller->account);
    if (!pass) return render(request, Error{ErrorKind::rate_limited, "too many requests of this account", {}, {}});
    auto envelope = read_envelope(std::move(request.body),
                                  static_cast<std::size_t>(services_.settings.number("operations.items_max")));
    if (!envelope) return netsuite::render(envelope.error(), services_.settings);
    if (auto* create = std::get_if<CreateCall>(&*envelope)) return create_usage(request, *caller, std::move(*create));
    return usage_creation_status(request, *caller, std::get<StatusCall>(*envelope));
  }

  [[nodiscard]] Response render(const Request& request, const Error& error) const {
    Response response = netsuite::render(request, error, services_.settings);
    if (response.status == 405) response.with_header("Allow", "POST");
    return response;
  }

 private:
  Response create_usage(const Request& request, const Caller& caller, CreateCall call) {
    const std::string_view key = request.header("X-NetSuite-Idempotency-Key");
    if (key.size() > idempotency_key_bytes_max) {
      return render(request, {ErrorKind::invalid, "The idempotency key is longer than 255 bytes.", {}, {}});
    }
    intake::NewOperation operation;
    operation.kind = operation.channel = operation_kind;
    operation.org = caller.account;
    if (services_.settings.flag("netsuite.negative_quantities")) operation.note = negative_note;
    operation.idempotency_key = key;
    operation.body = std::move(call.body);
    operation.items = std::move(call.usages);
    const auto made = services_.operations.create(caller.principal, std::move(operation));
    if (!made && made.error().kind == ErrorKind::forbidden) {
      services_.identity.note_refused(&caller.principal, "permission_denied", request.peer, request.id);
    }
    if (!made) return render(request, made.error());
    return Response::json(200, fmt::format("{{\"requestId\":{}}}", made->id));
  }

  /// What is no usage operation of this account answers like what does not exist (C34).
  Response usage_creation_status(const Request& request, const Caller& caller, const StatusCall& call) {
    auto items = services_.operations.items(caller.principal, call.id);
    const bool is_unknown =
        items ? (*items)->operation().org != caller.account || (*items)->operation().kind != operation_kind
              : items.error().kind == ErrorKind::not_found;
    if (is_unknown) return netsuite::render(request_not_found(call.shown), services_.settings);
    if (!items) return render(request, items.error());
    auto source = std::make_shared<StatusAnswer>(call, std::move(*items));
    Response response = Response::json(200, {});
    const auto more = source->next(response.body);
    if (!more) return render(request, more.error());
    if (*more) response.stream = std::move(source);
    return response;
  }

  const Services services_;
  Gate gate_;
};

}  // namespace

void add_routes(http::Router& router, const Services& services) {
  const auto restlet = std::make_shared<Restlet>(services);
  // Every verb is a route, because who is calling comes before what he may call (netsuite.md 2.3).
  for (const Method method :
       {Method::post, Method::get, Method::put, Method::delete_, Method::patch, Method::options}) {
    http::Route route;
    route.method = method;
    route.path = path;
    route.body_bytes_max = static_cast<std::size_t>(services.settings.number("netsuite.body_bytes_max"));
    route.authorize = [restlet](const Request& request) { return restlet->authorize(request); };
    route.handler = [restlet](Request request, http::Reply reply) { reply(restlet->answer(std::move(request))); };
    route.errors = [restlet](const Request& request, const Error& error) { return restlet->render(request, error); };
    router.add(std::move(route));
  }
  // What lies beside the RESTlet has this wire's form too.
  router.add_fallback({"/app/site/hosting/", [restlet](const Request& request, const Error& error) {
                         return restlet->render(request, error);
                       }});
  services.operations.set_kind(std::string(operation_kind),
                               {.read = read_usages, .has_own_keys = true, .has_own_subscriptions = true});
}

}  // namespace meterport::netsuite
