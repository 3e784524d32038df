#include "http/client.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file_system.h"
#include "http/server_fixture.h"

namespace meterport::http {
namespace {

using testing::ServerTest;

AddressGuard guard_with(const std::vector<std::string>& ranges) {
  auto guard = AddressGuard::make(ranges);
  EXPECT_TRUE(guard.has_value());
  return std::move(*guard);
}

struct Case {
  const char* address;
  bool allowed;
};

class AddressGuardTest : public ::testing::TestWithParam<Case> {};

TEST_P(AddressGuardTest, LetsOnlyPublicAddressesThrough) {
  EXPECT_EQ(guard_with({}).allows(GetParam().address), GetParam().allowed) << GetParam().address;
}

INSTANTIATE_TEST_SUITE_P(
    Addresses, AddressGuardTest,
    ::testing::Values(Case{"8.8.8.8", true}, Case{"93.184.216.34", true}, Case{"172.32.0.1", true},
                      Case{"100.128.0.1", true}, Case{"2606:4700::1111", true}, Case{"0.0.0.0", false},
                      Case{"0.1.2.3", false}, Case{"10.0.0.1", false}, Case{"100.64.0.1", false},
                      Case{"100.100.100.200", false}, Case{"127.0.0.1", false}, Case{"127.255.255.254", false},
                      Case{"169.254.169.254", false}, Case{"172.16.0.1", false}, Case{"172.31.255.255", false},
                      Case{"192.168.1.1", false}, Case{"192.0.0.192", false}, Case{"198.18.0.1", false},
                      Case{"203.0.113.9", false}, Case{"224.0.0.1", false}, Case{"255.255.255.255", false},
                      Case{"168.63.129.16", false}, Case{"::", false}, Case{"::1", false}, Case{"fe80::1", false},
                      Case{"fec0::1", false}, Case{"fc00::1", false}, Case{"fd00:ec2::254", false},
                      Case{"ff02::1", false}, Case{"::ffff:127.0.0.1", false}, Case{"::ffff:169.254.169.254", false},
                      Case{"::ffff:8.8.8.8", true}, Case{"::127.0.0.1", false}, Case{"64:ff9b::10.0.0.1", false},
                      Case{"64:ff9b::8.8.8.8", true}, Case{"2002:7f00:1::1", false}, Case{"2001:0:1::1", false},
                      Case{"2001:db8::1", false}, Case{"100::1", false}, Case{"", false}, Case{"localhost", false},
                      Case{"127.1", false}, Case{"fe80::1%eth0", false}));

TEST(AddressGuard, OpensTheNamedRangesOnly) {
  const AddressGuard guard = guard_with({"10.1.0.0/16", "::1/128", "127.0.0.1"});
  EXPECT_TRUE(guard.allows("10.1.255.255"));
  EXPECT_TRUE(guard.allows("::ffff:10.1.0.1"));
  EXPECT_TRUE(guard.allows("::1"));
  EXPECT_TRUE(guard.allows("127.0.0.1"));
  EXPECT_FALSE(guard.allows("10.2.0.0"));
  EXPECT_FALSE(guard.allows("127.0.0.2"));
  EXPECT_TRUE(guard_with({"0.0.0.0/0"}).allows("192.168.0.1"));
}

TEST(AddressGuard, NamesTheBadRange) {
  for (const std::string bad :
       {"10.0.0.0/33", "10.0.0/8", "::/129", "x", "", "10.0.0.0/", "10.0.0.0/8x", "10.0.0.0/-1"}) {
    const auto guard = AddressGuard::make({"10.0.0.0/8", bad});
    ASSERT_FALSE(guard.has_value()) << bad;
    EXPECT_EQ(guard.error().kind, ErrorKind::invalid);
    EXPECT_NE(guard.error().text.find("\"" + bad + "\""), std::string::npos);
  }
}

OutboundRequest request_to(std::string url) {
  OutboundRequest request;
  request.url = std::move(url);
  request.headers = {{"Content-Type", "text/plain"}};
  request.body = "Job with jobID: 1 has completed";
  return request;
}

// Every spelling of a closed address is judged by what it resolves to.
TEST(GuardedClient, RefusesClosedAddressesHoweverSpelt) {
  const AddressGuard guard = guard_with({});
  for (const std::string host : {"127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::1]",
                                 "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "169.254.169.254", "0", "10.0.0.1"}) {
    const auto response = send_guarded(request_to("http://" + host + ":9/x"), guard);
    ASSERT_FALSE(response.has_value()) << host;
    EXPECT_EQ(response.error().kind, ErrorKind::forbidden) << host << ": " << response.error().text;
  }
}

TEST(GuardedClient, RefusesWhatIsNoHttpUrl) {
  const AddressGuard guard = guard_with({"0.0.0.0/0"});
  for (const std::string url :
       {"", "nonsense", "ftp://127.0.0.1/", "file:///etc/passwd", "http://", "gopher://127.0.0.1",
        "http://user:pw@127.0.0.1/", "http://127.0.0.1:99999/", "http:// x/"}) {
    const auto response = send_guarded(request_to(url), guard);
    ASSERT_FALSE(response.has_value()) << url;
    EXPECT_EQ(response.error().kind, ErrorKind::invalid) << url << ": " << response.error().text;
  }
}

TEST_F(ServerTest, GuardedClientPostsToAnOpenedAddress) {
  start();
  const AddressGuard guard = guard_with({"127.0.0.0/8"});
  const auto response = send_guarded(request_to(server_->address() + "/echo"), guard);
  ASSERT_TRUE(response.has_value()) << response.error().text;
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "Job with jobID: 1 has completed");
  EXPECT_EQ(response->header("content-type"), "text/plain; charset=utf-8");
}

TEST_F(ServerTest, GuardedClientFollowsNoRedirect) {
  add(Method::post, "/moved", Execution::inline_, [this](const Request&, Reply reply) {
    reply(Response::text(307, "").with_header("Location", server_->address() + "/echo"));
  });
  start();
  const auto response = send_guarded(request_to(server_->address() + "/moved"), guard_with({"127.0.0.0/8"}));
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, 307);
}

TEST_F(ServerTest, GuardedClientKeepsTheStartOfALongAnswer) {
  add(Method::post, "/long", Execution::inline_,
      [](const Request&, Reply reply) { reply(Response::text(200, std::string(1'000'000, 'x'))); });
  start();
  const auto response = send_guarded(request_to(server_->address() + "/long"), guard_with({"127.0.0.0/8"}));
  ASSERT_TRUE(response.has_value()) << response.error().text;
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body.size(), 64U * 1024);
}

TEST_F(ServerTest, GuardedClientGivesUpOnASilentPeer) {
  add(Method::post, "/silent", Execution::inline_,
      [parked = std::make_shared<Reply>()](const Request&, Reply reply) { *parked = std::move(reply); });
  start();
  OutboundRequest request = request_to(server_->address() + "/silent");
  request.timeout_ms = 100;
  const auto response = send_guarded(request, guard_with({"127.0.0.0/8"}));
  ASSERT_FALSE(response.has_value());
  EXPECT_EQ(response.error().kind, ErrorKind::store_unavailable);
}

TEST_F(ServerTest, ClosedPortsAreUnavailable) {
  start();
  const std::string url = server_->address() + "/echo";
  server_.reset();
  EXPECT_EQ(send_guarded(request_to(url), guard_with({"127.0.0.0/8"})).error().kind, ErrorKind::store_unavailable);
  EXPECT_EQ(send_plain(request_to(url)).error().kind, ErrorKind::store_unavailable);
}

TEST_F(ServerTest, HeadersCannotBeSplit) {
  start();
  OutboundRequest request = request_to(server_->address() + "/echo");
  request.headers.emplace_back("X-A", "1\r\nX-B: 2");
  EXPECT_EQ(send_plain(request).error().kind, ErrorKind::invalid);
}

TEST_F(ServerTest, PlainClientStreamsAnswersToFiles) {
  char folder[] = "/tmp/meterport-http-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  const std::string in = std::string(folder) + "/in";
  const std::string content = std::string(900'000, 'x') + "end";
  start();
  OutboundRequest request;
  request.url = server_->address() + "/echo";
  request.method = "POST";
  request.body = content;
  const auto downloaded = download_plain(request, in);
  ASSERT_TRUE(downloaded.has_value()) << downloaded.error().text;
  EXPECT_EQ(downloaded->body, "");
  EXPECT_EQ(read_file(system_files(), in).value_or(""), content);

  request.url = server_->address() + "/none";
  const auto missing = download_plain(request, in);
  ASSERT_TRUE(missing.has_value());
  EXPECT_EQ(missing->status, 404);
  EXPECT_NE(missing->body.find("no_such_path"), std::string::npos);
  EXPECT_EQ(read_file(system_files(), in).value_or(""), content) << "only a whole answer replaces the file";
  EXPECT_EQ(system_files().list(folder).value().size(), 1U);
  EXPECT_TRUE(system_files().remove(in).has_value());
  ::rmdir(folder);
}

}  // namespace
}  // namespace meterport::http
