#include <gtest/gtest.h>

#include "async/loops.h"
#include "core/scratch_folder.h"
#include "recall/recall_service.h"
#include "sql/sqlite.h"

namespace writ::recall {
namespace {

class RecallTest : public testing::Test {
 protected:
  RecallTest() {
    auto keys = std::make_shared<crypto::KeySet>();
    keys->add(key_.public_key());
    keys_ = keys;
    ctx_.principal = {.tenant = TenantId("acme"), .subject = Subject("ann")};
  }
  [[nodiscard]] std::string grant(std::string tool, json::object arguments) {
    return *policy::sign_grant({.decision_id = make_id<DecisionId>(),
                                .action = policy::Action::tool_call,
                                .tenant = ctx_.principal.tenant,
                                .subject = ctx_.principal.subject,
                                .resource = tool,
                                .request_hash = policy::tool_request_hash(tool, std::move(arguments)),
                                .expires_at = system_clock().now() + Seconds{60}},
                               key_);
  }
  [[nodiscard]] Result<Stored> put(std::string key, std::string value, std::string grant) {
    return loops_.run(service_.put(ctx_.within(Seconds{5}),
                                   {.key = std::move(key), .value = std::move(value), .grant = std::move(grant)}));
  }
  [[nodiscard]] Result<Memory> get(std::string key) {
    auto proof = grant("recall", {{"key", key}});
    return loops_.run(service_.get(ctx_.within(Seconds{5}), {.key = std::move(key), .grant = std::move(proof)}));
  }

  ScratchFolder folder_;
  async::Loops loops_{1};
  crypto::SigningKey key_ = *crypto::SigningKey::generate(crypto::SignatureAlgorithm::ed25519, system_random());
  std::shared_ptr<const crypto::KeySet> keys_;
  std::unique_ptr<sql::Database> database_ = *sql::open_sqlite(folder_.path() / "recall.db", recall_migrations());
  RecallStore store_{*database_};
  policy::GrantVerifier grants_{[this] { return keys_; }, system_clock()};
  RecallService service_{store_, grants_};
  Context ctx_;
};

TEST_F(RecallTest, a_memory_is_found_again_by_its_owner_only) {
  const auto stored = put("bike", "red", grant("remember", {{"key", "bike"}, {"value", "red"}}));
  ASSERT_TRUE(stored) << stored.error().message;
  EXPECT_TRUE(stored->created);
  EXPECT_EQ(get("bike")->value, "red");
  EXPECT_FALSE(put("bike", "blue", grant("remember", {{"key", "bike"}, {"value", "blue"}}))->created);
  EXPECT_EQ(get("bike")->value, "blue");
  ctx_.principal.subject = Subject("bob");
  EXPECT_FALSE(get("bike")->found);
  ctx_.principal = {.tenant = TenantId("globex"), .subject = Subject("ann")};
  EXPECT_FALSE(get("bike")->found);
}

TEST_F(RecallTest, a_grant_fits_exactly_the_key_and_value_it_was_decided_for) {
  EXPECT_EQ(put("bike", "stolen", grant("remember", {{"key", "bike"}, {"value", "red"}})).error().code,
            "grant_mismatch");
  EXPECT_EQ(put("bike", "red", grant("recall", {{"key", "bike"}, {"value", "red"}})).error().code, "grant_mismatch");
  EXPECT_EQ(put("bike", "red", "").error().code, "no_grant");
  EXPECT_FALSE(get("bike")->found);
}

}  // namespace
}  // namespace writ::recall
