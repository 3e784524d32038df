// The server with a certificate of its own, and a client that talks to it through OpenSSL.
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "base/file_system.h"
#include "http/server_fixture.h"

namespace meterport::http {
namespace {

using testing::ServerTest;

template <class T, void (*Free)(T*)>
struct Freed {
  void operator()(T* p) const { Free(p); }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509, X509_free>>;
using Context = std::unique_ptr<SSL_CTX, Freed<SSL_CTX, SSL_CTX_free>>;
using Chain = std::unique_ptr<BIO, Freed<BIO, BIO_free_all>>;

/// Writes folder/key.pem and folder/certificate.pem, self-signed for localhost.
void write_certificate(const std::string& folder) {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate(X509_new());
  ASSERT_TRUE(key && certificate);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_NAME* const name = X509_get_subject_name(certificate.get());
  const unsigned char host[] = "localhost";
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, host, -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_set_pubkey(certificate.get(), key.get());
  ASSERT_GT(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
  const Chain key_file(BIO_new_file((folder + "/key.pem").c_str(), "w"));
  PEM_write_bio_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  const Chain certificate_file(BIO_new_file((folder + "/certificate.pem").c_str(), "w"));
  PEM_write_bio_X509(certificate_file.get(), certificate.get());
}

class TlsTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    char folder[] = "/tmp/meterport-tls-XXXXXX";
    ASSERT_NE(::mkdtemp(folder), nullptr);
    folder_ = folder;
    write_certificate(folder_);
    set("tls.certificate", folder_ + "/certificate.pem");
    set("tls.key", folder_ + "/key.pem");
  }
  void TearDown() override {
    for (const char* name : {"/certificate.pem", "/key.pem"}) std::remove((folder_ + name).c_str());
    ::rmdir(folder_.c_str());
  }

  /// Sends `request`, reads until the server closes.
  std::string exchange(const std::string& request) {
    const Context context(SSL_CTX_new(TLS_client_method()));
    const Chain chain(BIO_new_ssl_connect(context.get()));
    BIO_set_conn_hostname(chain.get(), server_->address().substr(8).c_str());
    if (BIO_do_connect(chain.get()) <= 0) return "no connection";
    BIO_write(chain.get(), request.data(), static_cast<int>(request.size()));
    std::string answer;
    char piece[16384];
    for (int n = 0; (n = BIO_read(chain.get(), piece, sizeof piece)) > 0;)
      answer.append(piece, static_cast<std::size_t>(n));
    return answer;
  }

  std::string folder_;
};

TEST_F(TlsTest, ServesBodiesAndFilesOverTls) {
  std::string content;
  while (content.size() < 700'000) content += std::to_string(content.size());
  const std::string path = folder_ + "/file";
  ASSERT_TRUE(replace_file(system_files(), path, content).has_value());
  add(Method::get, "/file", Execution::blocking, [&](const Request&, Reply reply) {
    Response response{.status = 200, .content_type = "application/zip", .body = {}, .file = {}, .headers = {}};
    response.file = FileBody{.path = path, .offset = 0, .bytes = content.size()};
    reply(std::move(response));
  });
  start();
  EXPECT_TRUE(server_->address().starts_with("https://"));
  const std::string head = " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
  EXPECT_TRUE(exchange("POST /echo" + head + "Content-Length: 5\r\n\r\nhello").ends_with("\r\n\r\nhello"));
  EXPECT_TRUE(exchange("GET /file" + head + "\r\n").ends_with("\r\n\r\n" + content));
  std::remove(path.c_str());
}

TEST_F(TlsTest, AClientThatSpeaksPlainHttpIsCutOff) {
  start();
  testing::RawClient client(server_->address());
  EXPECT_EQ(client.exchange("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n").status, 0);
  EXPECT_TRUE(exchange("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").ends_with("hi"));
}

TEST_F(TlsTest, BadFilesStopTheStart) {
  set("tls.key", folder_ + "/certificate.pem");
  const auto server = Server::start(settings_, router_, system_random(), metrics_);
  ASSERT_FALSE(server.has_value());
  EXPECT_EQ(server.error().field, "tls.key");
}

}  // namespace
}  // namespace meterport::http
