// Mail through the outbox to an SMTP server that replies as told.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "delivery/mail_sender.h"
#include "delivery/test_outbox.h"
#include "delivery/test_smtp_server.h"

namespace meterport::delivery {
namespace {

class MailTest : public OutboxTest {
 protected:
  void SetUp() override {
    OutboxTest::SetUp();
    set("mail.server", server_.url());
    set("mail.from", "meterport@acme.example");
    set("mail.tls", "none");
  }
  void set(const char* name, const std::string& value) { ASSERT_TRUE(settings_.set(name, value).has_value()) << name; }

  void enqueue(const std::string& job, const std::string& to = "ana@acme.example",
               const std::string& subject = "Report REPORT-1001") {
    const NewMail mail{.job_id = job, .org = "acme", .to = to, .subject = subject, .text = "a\n.\nb", .html = "<p>"};
    const Status stored =
        store_->write([&](soci::session& session) { return outbox_->enqueue_mail_within(session, mail); });
    ASSERT_TRUE(stored.has_value()) << stored.error().text;
    outbox_->wake();
  }
  Error start_error() {
    auto outbox = Outbox::open(*store_, clock_, system_random(), settings_, metrics_, keys());
    EXPECT_FALSE(outbox.has_value());
    return outbox ? Error{} : outbox.error();
  }
  std::string write_file(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }

  TestSmtpServer server_;
};

TEST_F(MailTest, AMailArrivesOnceWithItsContent) {
  start();
  enqueue("job1");
  const Delivery done = wait_for_state("job1", "delivered");
  EXPECT_EQ(done.url, "mailto:ana@acme.example");
  EXPECT_EQ(done.attempts, 1);
  EXPECT_EQ(done.last_status, 250);
  EXPECT_EQ(done.last_error, "");
  const auto mails = server_.mails();
  ASSERT_EQ(mails.size(), 1U);
  EXPECT_TRUE(mails[0].from.starts_with("MAIL FROM:<meterport@acme.example>")) << mails[0].from;
  EXPECT_EQ(mails[0].to, "RCPT TO:<ana@acme.example>");
  MailContent content;
  content.id = done.id;
  content.created = done.created;
  content.from = "meterport@acme.example";
  content.to = "ana@acme.example";
  content.subject = "Report REPORT-1001";
  content.text = "a\n.\nb";
  content.html = "<p>";
  EXPECT_EQ(mails[0].message, mail_message(content)) << "a lone dot included";
}

TEST_F(MailTest, WhatTheServerPutsOffIsSentAgainAsTheSameMail) {
  server_.reply_to("RCPT", "451 4.3.0 later\x1b[1m");
  start();
  enqueue("job1");
  const Delivery first = wait_for_attempts("job1", 1);
  EXPECT_EQ(first.state, "pending");
  EXPECT_EQ(first.last_status, 451);
  EXPECT_EQ(first.last_error, "the mail server answered 451 4.3.0 later[1m");
  server_.reply_to("RCPT", "250 fine");
  server_.reply_to(".", "452 full");
  clock_.advance_us(6 * Instant::us_per_second);
  EXPECT_EQ(wait_for_attempts("job1", 2).last_status, 452);
  server_.reply_to(".", "250 taken");
  clock_.advance_us(331 * Instant::us_per_second);
  EXPECT_EQ(wait_for_state("job1", "delivered").attempts, 3);
  const auto attempts = outbox_->attempts_of(first.id);
  ASSERT_TRUE(attempts.has_value());
  ASSERT_EQ(attempts->size(), 3U);
  EXPECT_EQ((*attempts)[1].error, "the mail server answered 452 full");
  ASSERT_EQ(server_.mails().size(), 1U);
  EXPECT_TRUE(server_.mails()[0].message.contains("\r\nMessage-ID: <" + first.id + "@acme.example>\r\n"));
}

TEST_F(MailTest, APermanentRefusalIsTheEnd) {
  server_.reply_to("RCPT", "550 5.1.1 no such user");
  start();
  enqueue("job1");
  const Delivery failed = wait_for_state("job1", "failed");
  EXPECT_EQ(failed.attempts, 1);
  EXPECT_EQ(failed.last_status, 550);
  EXPECT_EQ(failed.last_error, "the mail server answered 550 5.1.1 no such user");
  server_.reply_to("RCPT", "250 fine");
  server_.reply_to("MAIL", "530 5.7.0 log in first");
  enqueue("log-in");
  EXPECT_EQ(wait_for_attempts("log-in", 1).state, "pending") << "the set-up's fault, not the mail's";
  server_.reply_to("MAIL", "250 fine");
  server_.reply_to(".", "554 spam");
  enqueue("job2");
  EXPECT_EQ(wait_for_state("job2", "failed").last_status, 554);
  server_.reply_to(".", "250 taken");
  ASSERT_TRUE(outbox_->retry(failed.id).has_value());
  EXPECT_EQ(wait_for_state("job1", "delivered").attempts, 2);
}

TEST_F(MailTest, ALostConnectionAndAServerThatIsDownAreTriedAgain) {
  server_.reply_to("", "421 closing");
  start();
  enqueue("job1");
  const Delivery put_off = wait_for_attempts("job1", 1);
  EXPECT_EQ(put_off.state, "pending");
  server_.reply_to("", "554 5.3.2 no mail is taken here");
  enqueue("job2");
  const Delivery closed = wait_for_attempts("job2", 1);
  EXPECT_EQ(closed.state, "pending") << "the server's trouble, not the mail's";
  EXPECT_TRUE(closed.last_error.ends_with(": 554 5.3.2 no mail is taken here")) << closed.last_error;
  outbox_.reset();
  set("mail.server", "smtp://127.0.0.1:1");
  clock_.advance_us(6 * Instant::us_per_second);
  start();
  const Delivery down = wait_for_attempts("job1", 2);
  EXPECT_EQ(down.state, "pending");
  EXPECT_EQ(down.last_status, 0);
  EXPECT_TRUE(down.last_error.starts_with("mail server: ")) << down.last_error;
  outbox_.reset();
  server_.reply_to("", "220 back");
  set("mail.server", server_.url());
  clock_.advance_us(331 * Instant::us_per_second);
  start();
  EXPECT_EQ(wait_for_state("job1", "delivered").attempts, 3);
}

TEST_F(MailTest, WithoutTheOfferOfTlsNothingIsSentWhereItIsRequired) {
  set("mail.tls", "required");
  start();
  enqueue("job1");
  const Delivery first = wait_for_attempts("job1", 1);
  EXPECT_EQ(first.state, "pending");
  EXPECT_EQ(first.last_status, 0);
  EXPECT_TRUE(server_.mails().empty());
  for (const std::string& line : server_.commands()) EXPECT_FALSE(line.starts_with("MAIL")) << line;
  outbox_.reset();
  set("mail.tls", "if-offered");
  clock_.advance_us(6 * Instant::us_per_second);
  start();
  EXPECT_EQ(wait_for_state("job1", "delivered").attempts, 2);
}

TEST_F(MailTest, ALogInIsMadeAndItsRefusalIsTheServersTroubleNotTheMails) {
  set("mail.user", "meterport");
  set("mail.password_file", write_file("password", "s3cret\n"));
  server_.reply_to("EHLO", "250 AUTH PLAIN");
  server_.reply_to("AUTH", "334 ");
  server_.reply_to("AG1l", "535 5.7.8 bad credentials");
  start();
  enqueue("job1");
  const Delivery first = wait_for_attempts("job1", 1);
  EXPECT_EQ(first.state, "pending");
  EXPECT_TRUE(first.last_error.ends_with("535 5.7.8 bad credentials")) << first.last_error;
  EXPECT_TRUE(server_.mails().empty());
  server_.reply_to("AG1l", "235 welcome");
  clock_.advance_us(6 * Instant::us_per_second);
  EXPECT_EQ(wait_for_state("job1", "delivered").attempts, 2);
  // \0meterport\0s3cret
  const auto commands = server_.commands();
  EXPECT_GE(std::ranges::count(commands, "AG1ldGVycG9ydABzM2NyZXQ="), 1);
}

TEST_F(MailTest, WhatIsNoMailIsRefusedAndNeverSent) {
  start();
  enqueue("line-end", "ana@acme.example\r\nBcc: eve@evil.example");
  enqueue("list", "ana@acme.example,eve@evil.example");
  enqueue("subject", "ana@acme.example", "Report\r\nBcc: eve@evil.example");
  EXPECT_EQ(only("line-end").state, "refused");
  EXPECT_EQ(only("list").last_error, "a mail address has one @");
  EXPECT_EQ(only("subject").last_error, "the subject must not hold control characters");
  EXPECT_TRUE(server_.commands().empty());
}

TEST_F(MailTest, WithoutAServerNothingIsStored) {
  set("mail.server", "");
  start();
  enqueue("job1");
  EXPECT_TRUE(outbox_->of_job("job1")->empty());
}

TEST_F(MailTest, AMailGoesWithItsTransaction) {
  start();
  const NewMail mail{
      .job_id = "job1", .org = "acme", .to = "ana@acme.example", .subject = "s", .text = "t", .html = "h"};
  const Status failed = store_->write([&](soci::session& session) -> Status {
    if (auto stored = outbox_->enqueue_mail_within(session, mail); !stored) return stored;
    return fail(ErrorKind::internal, "on purpose");
  });
  EXPECT_FALSE(failed.has_value());
  EXPECT_TRUE(outbox_->of_job("job1")->empty());
}

TEST_F(MailTest, AMisconfiguredServerStopsTheStartAndNamesTheSetting) {
  for (const char* url : {"mail.acme.example", "http://mail.acme.example", "smtp://", "smtp://ana:secret@mail.example",
                          "smtp://mail.example/ehlo", "mail.example:25"}) {
    set("mail.server", url);
    EXPECT_EQ(start_error().field, "mail.server") << url;
  }
  set("mail.server", server_.url());
  set("mail.from", "");
  EXPECT_EQ(start_error().field, "mail.from");
  EXPECT_EQ(start_error().kind, ErrorKind::invalid);
  set("mail.from", "Meterport <meterport@acme.example>");
  EXPECT_EQ(start_error().field, "mail.from");
  set("mail.from", "meterport@acme.example");
  set("mail.user", "meterport");
  EXPECT_EQ(start_error().field, "mail.password_file");
  set("mail.password_file", (folder_ / "nothing").string());
  EXPECT_EQ(start_error().field, "mail.password_file");
  set("mail.password_file", write_file("empty", "\n"));
  EXPECT_EQ(start_error().field, "mail.password_file");
  set("mail.user", "");
  EXPECT_EQ(start_error().field, "mail.user");
  set("mail.password_file", "");
  set("mail.ca_file", (folder_ / "nothing.pem").string());
  EXPECT_EQ(start_error().field, "mail.ca_file");
}

}  // namespace
}  // namespace meterport::delivery
