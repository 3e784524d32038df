#include "identity/oauth1.h"

#include <gtest/gtest.h>

#include <array>

namespace meterport::identity::oauth1 {
namespace {

// netsuite.md 6.2.
constexpr std::string_view vendor_key = "ef40afdd8abaac111b13825dd5e5e2ddddb44f86d5a0dd6dcf38c20aae6b67e4";
constexpr std::string_view vendor_secret = "d26ad321a4b2f23b0741c8d38392ce01c3e23e109df6c96eac6d099e9ab9e8b5";
constexpr std::string_view vendor_token = "2b0ce516420110bcbd36b69e99196d1b7f6de3c6234c5afb799b73d87569f5cc";
constexpr std::string_view vendor_token_secret = "c29a677df7d5439a458c063654187e3d678d73aca8e3c9d8bea1478a3eb0d295";
constexpr std::string_view vendor_url = "https://123456.restlets.api.netsuite.com/app/site/hosting/restlet.nl";
constexpr std::string_view own_url = "http://127.0.0.1:18099/app/site/hosting/restlet.nl";

const Parameters own_query = {{"script", "customscript_sbe_rs_main"}, {"deploy", "customdeploy_sbe_rs_main"}};
const Parameters vendor_query = {
    {"script", "6"}, {"deploy", "1"}, {"customParam", "someValue"}, {"testParam", "someOtherValue"}};

Header header_with(std::string_view method, std::string_view key = vendor_key, std::string_view token = vendor_token,
                   std::string_view nonce = "fjaLirsIcCGVZWzBX0pg", std::string_view timestamp = "1508242306") {
  Header header;
  const auto add = [&](std::string_view name, std::string_view value) { header.fields.emplace_back(name, value); };
  add("realm", "123456");
  add("oauth_token", token);
  add("oauth_consumer_key", key);
  add("oauth_nonce", nonce);
  add("oauth_timestamp", timestamp);
  add("oauth_signature_method", method);
  add("oauth_version", "1.0");
  add("oauth_signature", "is not signed");
  return header;
}

std::string signed_text(std::string_view method, std::string_view url, const Parameters& query, const Header& header,
                        std::string_view secret = vendor_secret, std::string_view token_secret = vendor_token_secret) {
  const std::string base = base_string(method, *normalized_url(url), normalized_parameters(header, query));
  return signature(*parse_signature_method(header.value("oauth_signature_method")), base, secret, token_secret);
}

TEST(OAuth1Test, N01_TheBaseStringOfV1IsTheVendors) {
  const Header header = header_with("HMAC-SHA256");
  EXPECT_EQ(base_string("POST", *normalized_url(vendor_url), normalized_parameters(header, vendor_query)),
            "POST&https%3A%2F%2F123456.restlets.api.netsuite.com%2Fapp%2Fsite%2Fhosting%2Frestlet.nl&customParam%3D"
            "someValue%26deploy%3D1%26oauth_consumer_key%"
            "3Def40afdd8abaac111b13825dd5e5e2ddddb44f86d5a0dd6dcf38c20aae6b67e4%26oauth_nonce%3DfjaLirsIcCGVZWzBX0pg"
            "%26oauth_signature_method%3DHMAC-SHA256%26oauth_timestamp%3D1508242306%26oauth_token%"
            "3D2b0ce516420110bcbd36b69e99196d1b7f6de3c6234c5afb799b73d87569f5cc%26oauth_version%3D1.0%26script%3D6%26"
            "testParam%3DsomeOtherValue");
}

TEST(OAuth1Test, N01_SignaturesOfTheVectors) {
  const Header sha256 = header_with("HMAC-SHA256");
  EXPECT_EQ(signed_text("POST", vendor_url, vendor_query, sha256), "+KK4SKNgz4ZiILGLwOMtfYlgcXSy1eis8ldE9X90azQ=")
      << "V1";
  EXPECT_EQ(
      signed_text("GET", "https://123456.suitetalk.api.netsuite.com/services/rest/record/v1/employee/40", {}, sha256),
      "B5OIWznZ2YP0OB7VrJrGkYsTh+8H+5T9Hag+o92q0zY=")
      << "V2";
  EXPECT_EQ(signed_text("POST", vendor_url, vendor_query, header_with("HMAC-SHA1")), "6mNAEAyrm1p2Gw4/CMtoIDLbXGE=")
      << "V3";
  EXPECT_EQ(signed_text("POST", own_url, own_query, sha256), "Wk2NkQaqtH7+LYCGOAn11VLhnm0JI0Xx2S953O9k7L4=") << "V4";
  Header with_hash = sha256;
  with_hash.fields.emplace_back("oauth_body_hash", "EudzMj916OV/rO9jNu9h9UPEX8I=");
  EXPECT_EQ(signed_text("POST", own_url, own_query, with_hash), "iQK8kSM9uBnsL3gpVTyWi92A3VqE43mmjvgB/J87iTQ=") << "V5";
  EXPECT_EQ(signed_text("POST", own_url, own_query, header_with("HMAC-SHA256", "c k", "t/k", "nonce-1", "1700000000"),
                        "s&c=1", "t%s+2"),
            "yqPQFj8O07fbOs6pXArEvd7hbCfPdRbeIk2EFg8VyJw=")
      << "V6";
}

TEST(OAuth1Test, TheBodyHashIsThatOfTheBody) {
  constexpr std::string_view body = R"({"method":"sbGetUsageCreationStatus","requestId":101})";
  EXPECT_TRUE(is_body_hash("EudzMj916OV/rO9jNu9h9UPEX8I=", body)) << "V5, SHA-1";
  EXPECT_TRUE(is_body_hash("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "")) << "SHA-256";
  EXPECT_FALSE(is_body_hash("EudzMj916OV/rO9jNu9h9UPEX8I=", "another body"));
  EXPECT_FALSE(is_body_hash("", ""));
}

TEST(OAuth1Test, ParametersAreSortedByEncodedNameThenValue) {
  // RFC 5849 3.4.1.3.2: names are compared before '=' is appended, and after encoding.
  const Parameters query = {{"b5", "=%3D"}, {"a3", "a"}, {"c@", ""}, {"a2", "r b"},
                            {"a3", "2 q"},  {"c2", ""},  {"a", "1"}, {"a-", "x"}};
  EXPECT_EQ(normalized_parameters(Header{}, query), "a=1&a-=x&a2=r%20b&a3=2%20q&a3=a&b5=%3D%253D&c%40=&c2=");
  Header header;
  header.fields = {{"realm", "x"}, {"oauth_new", "1"}, {"other", "2"}, {"oauth_signature", "3"}};
  EXPECT_EQ(normalized_parameters(header, {}), "oauth_new=1") << "unknown oauth_ fields count, others do not";
  EXPECT_EQ(encode("A-z0.9_~ +%&=/\xC3\xA4"), "A-z0.9_~%20%2B%25%26%3D%2F%C3%A4");
}

TEST(OAuth1Test, UrlsAreNormalized) {
  EXPECT_EQ(normalized_url("HTTP://Example.COM:80/r%20v/X"), "http://example.com/r%20v/X");
  EXPECT_EQ(normalized_url("https://www.example.net:8080/"), "https://www.example.net:8080/");
  EXPECT_EQ(normalized_url("HTTPS://a:443/x?q=1"), "https://a/x");
  EXPECT_EQ(normalized_url("http://a:443/x"), "http://a:443/x") << "no default port of http";
  EXPECT_EQ(normalized_url("http://a:8080"), "http://a:8080/");
  EXPECT_EQ(normalized_url("http://[::1]:80/x"), "http://[::1]/x");
  for (const std::string_view bad : {"", "://", "http://", "http:///x", "a/b", "http://:80/x"}) {
    EXPECT_FALSE(normalized_url(bad)) << bad;
  }
}

constexpr std::string_view needed[] = {"realm", "oauth_token"};

TEST(OAuth1Test, N02_HeadersInEveryFormThatClientsSend) {
  for (const std::string_view text :
       {R"(OAuth realm="1_SB1", oauth_token="a%2Fb%3D")", R"(OAuth realm="1_SB1",oauth_token="a%2fb%3d")",
        R"(oauth oauth_token="a/b=" , realm="1_SB1")", R"(OAUTH   oauth_token="a%2Fb=",	realm="1%5FSB1" )"}) {
    const auto header = parse_header(text, needed);
    ASSERT_TRUE(header) << text;
    EXPECT_EQ(header->value("realm"), "1_SB1") << text;
    EXPECT_EQ(header->value("oauth_token"), "a/b=") << text;
    EXPECT_EQ(header->value("oauth_nonce"), "");
  }
}

TEST(OAuth1Test, N08_FaultsOfAHeaderAreToldApart) {
  const auto fault_of = [](std::string_view text) {
    const auto header = parse_header(text, needed);
    return header ? std::optional<HeaderFault>() : header.error();
  };
  EXPECT_EQ(fault_of(R"(OAuth realm="1", oauth_token="t", realm="1")"), HeaderFault::doubled);
  EXPECT_EQ(fault_of(R"(OAuth realm="1", oauth_token="t", oauth%5Ftoken="t")"), HeaderFault::doubled);
  EXPECT_EQ(fault_of(R"(OAuth realm="1", oauth_token="")"), HeaderFault::empty);
  EXPECT_EQ(fault_of(R"(OAuth realm="1", oauth_token="t", oauth_extra="")"), HeaderFault::empty);
  EXPECT_EQ(fault_of(R"(OAuth realm="1")"), HeaderFault::missing);
  EXPECT_EQ(fault_of(R"(OAuth oauth_token="t")"), HeaderFault::missing);
  for (const std::string_view text :
       {"", "OAuth", "OAuth ", "OAuthrealm=\"1\"", "Basic abc", "NLAuth nlauth_account=1", "OAuth realm",
        "OAuth realm=1", "OAuth realm=\"1", "OAuth =\"1\"", "OAuth realm=\"1\",", "OAuth ,realm=\"1\"",
        "OAuth realm=\"1\" oauth_token=\"t\"", "OAuth realm=\"%\"", "OAuth realm=\"%4\"", "OAuth realm=\"%zz\"",
        "OAuth realm=\"1\"\", oauth_token=\"t\"", "OAuth re alm=\"1\"", "OAuth realm =\"1\""}) {
    EXPECT_EQ(fault_of(text), HeaderFault::unparsable) << text;
  }
  std::string many = "OAuth realm=\"1\", oauth_token=\"t\"";
  for (int i = 0; i < 100; ++i) many += ", oauth_" + std::to_string(i) + "=\"x\"";
  EXPECT_EQ(fault_of(many), HeaderFault::unparsable);
}

TEST(OAuth1Test, FieldsThatMayBeEmpty) {
  constexpr std::array<std::string_view, 1> may_be_empty = {"oauth_token"};
  const auto header = parse_header(R"(OAuth realm="1", oauth_token="")", needed, may_be_empty);
  ASSERT_TRUE(header);
  EXPECT_TRUE(header->has("oauth_token"));
  EXPECT_EQ(normalized_parameters(*header, {}), "oauth_token=");
  EXPECT_EQ(parse_header(R"(OAuth realm="", oauth_token="")", needed, may_be_empty).error(), HeaderFault::empty);
  EXPECT_TRUE(is_oauth("OAUTH"));
  EXPECT_TRUE(is_oauth("oauth\tx"));
  for (const std::string_view other : {"", "OAut", "OAuthx", "Basic OAuth"}) EXPECT_FALSE(is_oauth(other)) << other;
}

TEST(OAuth1Test, H01_SignaturesOfTheVectorsOfTokenRequests) {
  // here.md 5: an access key, no token; the form is signed, a JSON body is not.
  const auto signed_request = [](std::string_view url, const Parameters& query_and_form) {
    Header header;
    header.fields = {{"oauth_consumer_key", "Kk1-AccessKeyId_01"},
                     {"oauth_nonce", "n0nce1"},
                     {"oauth_timestamp", "1700000000"},
                     {"oauth_signature_method", "HMAC-SHA256"},
                     {"oauth_version", "1.0"}};
    return signed_text("POST", url, query_and_form, header, "s3cret-Key_01~abc", "");
  };
  constexpr std::string_view url = "https://account.api.here.com/oauth2/token";
  const Parameters::value_type grant = {"grant_type", "client_credentials"};
  EXPECT_EQ(signed_request(url, {grant, {"expires_in", "3600"}}), "KKHgF1hURNlB+XYR0HL/CBO6GUEcqSfSzsT1rQk1UWI=")
      << "W1";
  EXPECT_EQ(signed_request(url, {grant, {"scope", "hrn:here:authorization::myrealm:project/myproject"}}),
            "gMqWuodUyt2JD8Sr8q9+JuVt2panusXej70SeN5lYZg=")
      << "W2";
  EXPECT_EQ(signed_request("https://account.api.here.com/oauth2/token?sentWith=OLP-TS-SDK-1.2.3",
                           {{"sentWith", "OLP-TS-SDK-1.2.3"}}),
            "HtFE2fF2yTLTt5WIX06o+DKCrN0nOd4CGZcC6LtHsqE=")
      << "W3";
  EXPECT_EQ(signed_request("http://127.0.0.1:18080/oauth2/token", {grant}),
            "0eMQUN4DlA592P2+unl0tCYRWOBWup8lcoljRcj7a20=")
      << "W4";
}

TEST(OAuth1Test, AValueMayComeUnencoded) {
  const auto header = parse_header(R"(OAuth realm="a+b/c=:~ d",oauth_token="t")", needed);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->value("realm"), "a+b/c=:~ d");
}

TEST(OAuth1Test, BytesOfAnyKindAreAnswered) {
  // Every prefix, and every single byte put anywhere, of a good header.
  const std::string good = R"(OAuth realm="1%5F", oauth_token="t%2F")";
  for (std::size_t i = 0; i < good.size(); ++i) {
    EXPECT_FALSE(parse_header(good.substr(0, i), needed)) << i;
    for (int byte = 0; byte < 256; ++byte) {
      std::string mangled = good;
      mangled[i] = static_cast<char>(byte);
      const auto header = parse_header(mangled, needed);
      if (header) EXPECT_EQ(header->fields.size(), 2u);
    }
  }
  const auto zero = parse_header("OAuth realm=\"%00\", oauth_token=\"t\"", needed);
  ASSERT_TRUE(zero);
  EXPECT_EQ(zero->value("realm"), std::string_view("\0", 1));
}

}  // namespace
}  // namespace meterport::identity::oauth1
