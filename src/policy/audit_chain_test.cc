#include "policy/audit_chain.h"

#include <gtest/gtest.h>

namespace writ::policy {
namespace {

class AuditChainTest : public testing::Test {
 protected:
  AuditChainTest() : key_(*crypto::SigningKey::generate(crypto::SignatureAlgorithm::ed25519, system_random())) {
    keys_.add(key_.public_key());
    std::string before(genesis);
    for (std::int64_t seq = 1; seq <= 5; ++seq) {
      AuditRecord record{.v = audit_format,
                         .tenant = TenantId("acme"),
                         .shard = "s1",
                         .seq = seq,
                         .prev_hash = before,
                         .hash = {},
                         .at = WallTime{Millis{1000 * seq}},
                         .kind = "decision",
                         .data = {{"n", seq}}};
      record.hash = before = hash_of(record);
      records_.push_back(record);
    }
  }
  [[nodiscard]] Checkpoint checkpoint() const {
    return *sign_checkpoint(WallTime{Millis{9000}},
                            {{.tenant = TenantId("acme"), .shard = "s1", .seq = 5, .hash = records_.back().hash}},
                            key_);
  }
  [[nodiscard]] AuditReport verify(const std::vector<AuditRecord>& records, const Checkpoint& checkpoint,
                                   std::optional<TenantId> only = std::nullopt) const {
    AuditVerifier verifier(keys_, std::move(only));
    for (const auto& record : records) verifier.take(record);
    verifier.take(checkpoint);
    return verifier.report();
  }

  crypto::SigningKey key_;
  crypto::KeySet keys_;
  std::vector<AuditRecord> records_;
};

TEST_F(AuditChainTest, a_whole_chain_with_its_checkpoint_holds) {
  const auto report = verify(records_, checkpoint());
  EXPECT_TRUE(report.ok) << report.problems.front();
  EXPECT_EQ(report.records, 5);
  EXPECT_EQ(report.checkpoints, 1);
}

TEST_F(AuditChainTest, a_rewritten_record_is_found) {
  auto forged = records_;
  forged[2].data["n"] = 99;
  EXPECT_FALSE(verify(forged, checkpoint()).ok);
}

TEST_F(AuditChainTest, a_chain_that_was_rewritten_from_a_record_on_is_found_by_the_checkpoint) {
  auto forged = records_;
  std::string before = forged[1].hash;
  for (std::size_t i = 2; i < forged.size(); ++i) {
    forged[i].data["n"] = 99;
    forged[i].prev_hash = before;
    forged[i].hash = before = hash_of(forged[i]);
  }
  const auto report = verify(forged, checkpoint());
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_NE(report.problems.front().find("rewritten"), std::string::npos);
}

TEST_F(AuditChainTest, a_cut_tail_a_gap_and_a_missing_chain_are_found) {
  auto cut = records_;
  cut.pop_back();
  EXPECT_NE(verify(cut, checkpoint()).problems.front().find("tail was cut"), std::string::npos);
  auto gap = records_;
  gap.erase(gap.begin() + 1);
  EXPECT_FALSE(verify(gap, checkpoint()).ok);
  EXPECT_NE(verify({}, checkpoint()).problems.front().find("is missing"), std::string::npos);
}

TEST_F(AuditChainTest, a_checkpoint_that_policy_did_not_sign_is_found) {
  auto forged = checkpoint();
  forged.heads[0].seq = 4;
  EXPECT_NE(verify(records_, forged).problems.front().find("signature"), std::string::npos);
}

TEST_F(AuditChainTest, one_tenants_view_leaves_other_tenants_chains_alone) {
  auto both = *sign_checkpoint(WallTime{Millis{9000}},
                               {{.tenant = TenantId("acme"), .shard = "s1", .seq = 5, .hash = records_.back().hash},
                                {.tenant = TenantId("globex"), .shard = "s1", .seq = 3, .hash = "x"}},
                               key_);
  EXPECT_TRUE(verify(records_, both, TenantId("acme")).ok);
  EXPECT_FALSE(verify(records_, both).ok);
}

}  // namespace
}  // namespace writ::policy
