// Who sees which deliveries, what of them is shown, and who gets the keys.
#include "exports/deliveries.h"

#include <gtest/gtest.h>

#include "exports/test_exports.h"

namespace meterport::exports {
namespace {

class DeliveriesTest : public ExportsTest {
 protected:
  Deliveries service() { return {*control_, *catalog_, *spy_}; }

  /// Of a job of the org over all linked orgs, ended; refused at once for its URL.
  std::string delivery_of(const ExportSpec& spec, const Principal& principal, const std::string& url = "ftp://x") {
    callback_url_ = url;
    exports_->start();
    const auto job = exports_->create(principal, spec, note(), {});
    if (!job) throw std::runtime_error(job.error().text);
    (void)wait(principal, job->id);
    return deliveries(job->id).at(0).id;
  }
  std::vector<std::string> ids(const Principal& principal, DeliveryListRequest request = {}) {
    const auto page = service().list(principal, request);
    EXPECT_TRUE(page.has_value());
    std::vector<std::string> out;
    if (page) {
      for (const delivery::Delivery& one : page->deliveries) out.push_back(one.id);
    }
    return out;
  }

  Principal branch_ = user("branch", {{Role::exporter, "b-sub"}});
  Principal viewer_ = user("viewer", {{Role::viewer, "top"}});
  Principal exporter_ = user("exporter", {{Role::exporter, "top"}});
};

TEST_F(DeliveriesTest, AreSeenByWhoSeesTheJob) {
  const std::string of_top = delivery_of(september("top"), admin_);
  const std::string of_branch = delivery_of(september("b-sub"), admin_);
  using Ids = std::vector<std::string>;
  EXPECT_EQ(ids(exporter_), (Ids{of_branch, of_top}));
  EXPECT_EQ(ids(branch_), Ids{of_branch});
  EXPECT_TRUE(ids(viewer_).empty());
  EXPECT_TRUE(ids(branch_, {.org = "top"}).empty());
  for (const Principal& principal : {branch_, viewer_}) {
    const auto hidden = service().get(principal, of_top), unknown = service().get(principal, "nobody");
    ASSERT_FALSE(hidden.has_value() || unknown.has_value());
    EXPECT_EQ(hidden.error().kind, ErrorKind::not_found);
    EXPECT_EQ(hidden.error().text, unknown.error().text);
    EXPECT_EQ(service().retry(principal, of_top).error().text, unknown.error().text);
    EXPECT_EQ(service().list(principal, {.page_token = of_top}).error().field, "page_token");
  }
  EXPECT_EQ(service().get(branch_, of_branch)->delivery.state, "refused");
}

TEST_F(DeliveriesTest, PagesPassOverWhatIsHidden) {
  // All-linked jobs of b-sub are not for who reads b-sub alone.
  std::vector<std::string> visible;
  for (int i = 0; i < 3; ++i) {
    visible.insert(visible.begin(), delivery_of(september("b-sub"), admin_));
    ExportSpec linked = september("b-sub");
    linked.all_linked = true;
    (void)delivery_of(linked, admin_);
  }
  std::vector<std::string> seen;
  DeliveryListRequest request{.page_size = 2};
  for (;;) {
    const auto page = service().list(branch_, request);
    ASSERT_TRUE(page.has_value());
    for (const delivery::Delivery& one : page->deliveries) seen.push_back(one.id);
    request.page_token = page->next_page_token;
    if (request.page_token.empty()) break;
    EXPECT_EQ(page->deliveries.size(), 2U);
  }
  EXPECT_EQ(seen, visible);
  EXPECT_EQ(ids(admin_).size(), 6U);
}

TEST_F(DeliveriesTest, CredentialsOfAUrlAreNotShown) {
  const auto shown_url = [&](const std::string& url) {
    return service().get(admin_, delivery_of(september(), admin_, url))->delivery.url;
  };
  EXPECT_EQ(shown_url("http://ana:secret@hooks.example/x"), "http://***@hooks.example/x");
  EXPECT_EQ(shown_url("http://a@b:s@hooks.example?x=1@2"), "http://***@hooks.example?x=1@2");
  EXPECT_EQ(shown_url("ftp://hooks.example/a@b"), "ftp://hooks.example/a@b");
  EXPECT_EQ(shown_url("no url"), "no url");
  // Not what the standard says, but how people write and lenient readers read them.
  EXPECT_EQ(shown_url("http:/ana:secret@hooks.example/"), "http:/***@hooks.example/");
  EXPECT_EQ(shown_url("http:///ana:secret@hooks.example/"), "http:///***@hooks.example/");
  EXPECT_EQ(shown_url("http:\\\\ana:secret@hooks.example/"), "http:\\\\***@hooks.example/");
  EXPECT_EQ(shown_url("https:ana:secret@hooks.example"), "https:***@hooks.example");
  EXPECT_EQ(shown_url("ana:secret@hooks.example"), "ana:***@hooks.example");
}

TEST_F(DeliveriesTest, KeysAreForAdminsOfTheOrg) {
  const auto keys = service().keys(admin_, "top");
  ASSERT_TRUE(keys.has_value());
  EXPECT_TRUE(keys->secret.starts_with("whsec_"));
  EXPECT_TRUE(keys->public_key.starts_with("whpk_"));
  EXPECT_NE(service().keys(admin_, "b-sub")->secret, keys->secret);
  EXPECT_EQ(service().keys(exporter_, "top").error().kind, ErrorKind::forbidden);
  EXPECT_EQ(service().keys(branch_, "top").error().kind, ErrorKind::not_found);
  EXPECT_EQ(service().keys(admin_, "alone").error().kind, ErrorKind::not_found);
  EXPECT_EQ(service().keys(admin_, "nobody").error().kind, ErrorKind::not_found);
}

TEST_F(DeliveriesTest, BadRequestsAreNamed) {
  EXPECT_EQ(service().list(admin_, {.page_size = 0}).error().field, "page_size");
  EXPECT_EQ(service().list(admin_, {.page_size = 1001}).error().field, "page_size");
  EXPECT_EQ(service().list(admin_, {.state = "done"}).error().field, "state");
  EXPECT_EQ(service().list(admin_, {.page_token = "none"}).error().field, "page_token");
}

}  // namespace
}  // namespace meterport::exports
