#include "policy/audit_chain.h"

#include <gtest/gtest.h>

#include <functional>

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
                         .run_id = "run_1",
                         .subject = "ann",
                         .data = {{"n", seq}}};
      record.hash = before = hash_of(record);
      records_.push_back(record);
    }
  }
  [[nodiscard]] Checkpoint checkpoint() const {
    return *sign_checkpoint(1, WallTime{Millis{9000}}, std::string(genesis),
                            {{.tenant = TenantId("acme"), .shard = "s1", .seq = 5, .hash = records_.back().hash}},
                            key_);
  }
  [[nodiscard]] AuditReport verify(const std::vector<AuditRecord>& records, const Checkpoint& checkpoint,
                                   std::optional<TenantId> only = std::nullopt) const {
    AuditVerifier verifier(keys_, std::move(only));
    for (const auto& record : records) verifier.take(record);
    verifier.take(checkpoint);
    verifier.end();
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

TEST_F(AuditChainTest, every_column_of_a_record_is_in_its_hash_and_version_1_keeps_its_own) {
  const auto found = [&](const std::function<void(AuditRecord&)>& edit) {
    auto forged = records_;
    edit(forged[2]);
    const auto report = verify(forged, checkpoint());
    return !report.ok && report.findings.front().seq == 3;
  };
  EXPECT_TRUE(found([](AuditRecord& r) { r.run_id = "run_2"; }));
  EXPECT_TRUE(found([](AuditRecord& r) { r.run_id.reset(); }));
  EXPECT_TRUE(found([](AuditRecord& r) { r.subject = "bob"; }));
  EXPECT_TRUE(found([](AuditRecord& r) { r.kind = "settle"; }));
  EXPECT_TRUE(found([](AuditRecord& r) { r.at += Millis{1}; }));
  EXPECT_TRUE(found([](AuditRecord& r) { r.v = 1; }));
  // As version 1 hashed it, computed from its description: SHA-256 over the canonical JSON without hash and run_id.
  auto old = records_[0];
  old.v = 1;
  const auto hash = hash_of(old);
  old.run_id = "run_9";
  old.subject.reset();
  EXPECT_EQ(hash_of(old), hash);
}

TEST_F(AuditChainTest, checkpoints_are_chained_and_a_removed_or_exchanged_one_is_found) {
  const auto next = [&](const Checkpoint& before, std::int64_t number) {
    return *sign_checkpoint(number, before.at + Seconds{1}, hash_of(before), before.heads, key_);
  };
  const auto first = checkpoint(), second = next(first, 2), third = next(second, 3);
  const auto verified = [&](const std::vector<Checkpoint>& all) {
    AuditVerifier verifier(keys_, std::nullopt);
    for (const auto& record : records_) verifier.take(record);
    for (const auto& c : all) verifier.take(c);
    verifier.end();
    return verifier.report();
  };
  EXPECT_TRUE(verified({first, second, third}).ok);
  EXPECT_EQ(verified({first, third}).findings.front().code, "checkpoints_missing");
  EXPECT_EQ(verified({second, third}).findings.front().code, "checkpoints_missing");
  EXPECT_EQ(verified({first, third, second}).findings.front().code, "checkpoints_missing");
  auto other = *sign_checkpoint(2, first.at, std::string(genesis), first.heads, key_);  // signed, of another history
  EXPECT_EQ(verified({first, other}).findings.front().code, "broken_checkpoint_link");
  auto edited = second;
  edited.signature = first.signature;
  EXPECT_EQ(verified({first, edited}).findings.front().code, "bad_signature");
}

TEST_F(AuditChainTest, one_tenants_export_shows_no_other_and_still_holds) {
  const auto both =
      *sign_checkpoint(1, WallTime{Millis{9000}}, std::string(genesis),
                       {{.tenant = TenantId("acme"), .shard = "s1", .seq = 5, .hash = records_.back().hash},
                        {.tenant = TenantId("globex"), .shard = "s1", .seq = 3, .hash = "x"}},
                       key_);
  const auto shown = shown_to(TenantId("acme"), both);
  EXPECT_EQ(to_text(schema::encode(shown)).find("globex"), std::string::npos);
  EXPECT_EQ(hash_of(shown), hash_of(both));
  EXPECT_TRUE(verify(records_, shown, TenantId("acme")).ok);
  // A chain that was shown once cannot hide among the others.
  const auto later = shown_to(TenantId("nobody"), *sign_checkpoint(2, both.at, hash_of(both), both.heads, key_));
  AuditVerifier verifier(keys_, TenantId("acme"));
  for (const auto& record : records_) verifier.take(record);
  verifier.take(shown);
  verifier.take(later);
  ASSERT_FALSE(verifier.report().ok);
  EXPECT_EQ(verifier.report().findings.front().code, "head_hidden");
}

TEST_F(AuditChainTest, a_head_that_was_noted_down_must_still_be_there) {
  const auto with = [&](std::int64_t number, const std::string& hash) {
    AuditVerifier verifier(keys_, std::nullopt);
    verifier.expect(number, hash);
    for (const auto& record : records_) verifier.take(record);
    verifier.take(checkpoint());
    verifier.end();
    return verifier.report();
  };
  EXPECT_TRUE(with(1, hash_of(checkpoint())).ok);
  EXPECT_EQ(with(1, std::string(64, 'a')).findings.front().code, "not_as_expected");
  EXPECT_EQ(with(2, hash_of(checkpoint())).findings.front().code, "not_as_expected");
}

TEST_F(AuditChainTest, a_checkpoint_that_policy_did_not_sign_is_found) {
  auto forged = checkpoint();
  forged.heads[0].seq = 4;
  EXPECT_NE(verify(records_, forged).problems.front().find("signature"), std::string::npos);
}

TEST_F(AuditChainTest, one_tenants_view_leaves_other_tenants_chains_alone) {
  auto both = *sign_checkpoint(1, WallTime{Millis{9000}}, std::string(genesis),
                               {{.tenant = TenantId("acme"), .shard = "s1", .seq = 5, .hash = records_.back().hash},
                                {.tenant = TenantId("globex"), .shard = "s1", .seq = 3, .hash = "x"}},
                               key_);
  EXPECT_TRUE(verify(records_, both, TenantId("acme")).ok);
  EXPECT_FALSE(verify(records_, both).ok);
}

}  // namespace
}  // namespace writ::policy
