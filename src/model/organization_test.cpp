#include "model/organization.h"

#include <gtest/gtest.h>

namespace meterport {
namespace {

TEST(InformaticaId, IsThatOfTheOrgOrElseItsOwnId) {
  Org org;
  org.id = "acme-eu";
  EXPECT_EQ(informatica_id_or_id(org), "acme-eu");
  org.informatica_id = "4wMFqGlxAKVlIFTixlTSOY";
  EXPECT_EQ(informatica_id_or_id(org), "4wMFqGlxAKVlIFTixlTSOY");
}

TEST(NetsuiteAccount, HasOneFormWhateverCaseAndDashItIsWrittenWith) {
  EXPECT_EQ(normal_netsuite_account("1234567-sb1"), "1234567_SB1");
  EXPECT_EQ(normal_netsuite_account("1234567_SB1"), "1234567_SB1");
  EXPECT_EQ(normal_netsuite_account(""), "");
}

}  // namespace
}  // namespace meterport
