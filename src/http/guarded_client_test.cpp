// The guarded client with a resolver and a network of the test's own: names resolve to what the test says, and what
// goes to a public address arrives at the test's server.
#include <gtest/gtest.h>

#include <map>

#include "http/client.h"
#include "http/server_fixture.h"

namespace meterport::http {
namespace {

using Addresses = std::vector<std::string>;

class GuardedClientTest : public testing::ServerTest {
 protected:
  void SetUp() override {
    testing::ServerTest::SetUp();
    start();
    seams_.resolve = [this](const std::string& host, const std::string& port) -> Result<Addresses> {
      asked_.push_back(host + ":" + port);
      const auto found = names_.find(host);
      if (found == names_.end()) return system_seams().resolve(host, port);
      // A name may mean something else each time it is asked for; the last meaning stays.
      Addresses addresses = found->second.front();
      if (found->second.size() > 1) found->second.erase(found->second.begin());
      return addresses;
    };
    seams_.endpoint = [this](const std::string& address, const std::string& port) {
      connected_.push_back(address + " " + port);
      return server_->address().substr(std::string("http://").size());
    };
  }

  Result<OutboundResponse> send(const std::string& url) {
    OutboundRequest request;
    request.url = url;
    request.body = "text";
    return send_guarded(request, *AddressGuard::make({}), seams_);
  }
  ErrorKind error_of(const std::string& url) {
    const auto sent = send(url);
    EXPECT_FALSE(sent.has_value()) << url;
    return sent ? ErrorKind::internal : sent.error().kind;
  }

  std::map<std::string, std::vector<Addresses>> names_;
  Addresses asked_, connected_;
  OutboundSeams seams_;
};

TEST_F(GuardedClientTest, TheNameIsResolvedOnceAndTheConnectionGoesToTheCheckedAddress) {
  // The second meaning is what a rebinding name server would answer to whoever asks again.
  names_["hooks.example"] = {{"93.184.216.34"}, {"127.0.0.1"}};
  const auto sent = send("http://hooks.example:8081/echo");
  ASSERT_TRUE(sent.has_value()) << sent.error().text;
  EXPECT_EQ(sent->body, "text");
  EXPECT_EQ(asked_, Addresses{"hooks.example:8081"});
  EXPECT_EQ(connected_, Addresses{"93.184.216.34 8081"});
}

TEST_F(GuardedClientTest, TheAddressIsCheckedAgainAtEachAttempt) {
  names_["hooks.example"] = {{"93.184.216.34"}, {"10.0.0.7"}, {"2606:4700::1111"}};
  EXPECT_TRUE(send("http://hooks.example/echo").has_value());
  EXPECT_EQ(error_of("http://hooks.example/echo"), ErrorKind::forbidden);
  EXPECT_TRUE(send("http://hooks.example/echo").has_value());
  EXPECT_EQ(connected_, (Addresses{"93.184.216.34 80", "2606:4700::1111 80"}));
}

TEST_F(GuardedClientTest, OneClosedAddressAmongOpenOnesIsEnough) {
  for (const Addresses& mixed :
       {Addresses{"93.184.216.34", "127.0.0.1"}, Addresses{"169.254.169.254", "93.184.216.34"},
        Addresses{"2606:4700::1111", "fd00:ec2::254"}, Addresses{"93.184.216.34", "::ffff:10.0.0.1"}}) {
    names_["mixed.example"] = {mixed};
    EXPECT_EQ(error_of("http://mixed.example/echo"), ErrorKind::forbidden) << mixed[0] << " " << mixed[1];
  }
  EXPECT_TRUE(connected_.empty());
}

TEST_F(GuardedClientTest, NamesOfClosedAddressesAreRefusedHoweverSpelt) {
  for (const char* host : {"2130706433",
                           "0x7f000001",
                           "017700000001",
                           "0177.0.0.1",
                           "0x7f.1",
                           "127.1",
                           "127.0.0.1",
                           "127.0.0.1.",
                           "LOCALHOST",
                           "localhost.",
                           "0",
                           "[::1]",
                           "[::ffff:127.0.0.1]",
                           "[::ffff:7f00:1]",
                           "[64:ff9b::7f00:1]",
                           "[2002:7f00:1::]",
                           "169.254.169.254",
                           "2852039166",
                           "0xa9fea9fe",
                           "0251.0376.0251.0376",
                           "[fd00:ec2::254]",
                           "[fe80::1]",
                           "[fe80::1%25lo]",
                           "10.1",
                           "192.168.257",
                           "%31%32%37.0.0.1",
                           "127。0。0。1"}) {
    const auto sent = send("http://" + std::string(host) + "/echo");
    ASSERT_FALSE(sent.has_value()) << host;
    // What no resolver takes for an address is no danger either, but a name that does not resolve.
    EXPECT_NE(sent.error().kind, ErrorKind::internal) << host << ": " << sent.error().text;
  }
  EXPECT_TRUE(connected_.empty());
}

TEST_F(GuardedClientTest, WhatIsNoPlainHttpUrlIsRefusedBeforeItsNameIsAsked) {
  for (const char* url :
       {"", "hooks", "ftp://93.184.216.34/", "file:///etc/passwd", "gopher://93.184.216.34/", "dict://93.184.216.34/",
        "http://", "http://./", "http://../", "http://user@93.184.216.34/", "http://user:pw@93.184.216.34/",
        "http://93.184.216.34:0/", "http://93.184.216.34:65536/", "http://93.184.216.34:-1/", "http://a b/",
        "http:///echo\r\nHost: x", "http://93.184.216.34:80:80/"}) {
    EXPECT_EQ(error_of(url), ErrorKind::invalid) << url;
  }
  EXPECT_EQ(error_of(std::string("http://93.184.216.34\0.example/", 30)), ErrorKind::invalid);
  EXPECT_TRUE(asked_.empty());
}

TEST_F(GuardedClientTest, CredentialsHideNoHost) {
  // Where a reader may see one host and a client another, the URL is refused.
  for (const char* url : {"http://93.184.216.34@127.0.0.1/", "http://127.0.0.1#@93.184.216.34/",
                          "http://127.0.0.1\\@93.184.216.34/", "http://93.184.216.34%2f@127.0.0.1/"}) {
    EXPECT_FALSE(send(url).has_value()) << url;
  }
  EXPECT_TRUE(connected_.empty());
}

TEST_F(GuardedClientTest, AnyPortOfAPublicAddressIsFine) {
  names_["hooks.example"] = {{"93.184.216.34"}};
  EXPECT_TRUE(send("http://hooks.example:65535/echo").has_value());
  EXPECT_TRUE(send("http://hooks.example:00080/echo").has_value());
  EXPECT_EQ(connected_, (Addresses{"93.184.216.34 65535", "93.184.216.34 80"}));
}

TEST_F(GuardedClientTest, TheRootsDotBelongsToTheSameHost) {
  names_["hooks.example."] = {{"93.184.216.34"}};
  EXPECT_TRUE(send("http://hooks.example./echo").has_value());
  EXPECT_EQ(host_of("http://Hooks.Example./echo").value(), "hooks.example");
  EXPECT_EQ(host_of("http://0x7f.1/").value(), "127.0.0.1") << "numbers are one host in every spelling";
}

TEST_F(GuardedClientTest, ANameThatDoesNotResolveIsTriedAgainLater) {
  seams_.resolve = [](const std::string&, const std::string&) -> Result<Addresses> {
    return fail(ErrorKind::store_unavailable, "the name does not resolve");
  };
  EXPECT_EQ(error_of("http://hooks.example/"), ErrorKind::store_unavailable);
  seams_.resolve = [](const std::string&, const std::string&) -> Result<Addresses> { return Addresses{}; };
  EXPECT_EQ(error_of("http://hooks.example/"), ErrorKind::store_unavailable);
}

}  // namespace
}  // namespace meterport::http
