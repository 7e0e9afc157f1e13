// The life of constitutions: they are kept, they only rise, and none is in force before its time.
#include "policy/policy_fixture.h"

namespace writ::policy {
namespace {

class ConstitutionsTest : public PolicyServiceTest {
 protected:
  static Constitution version(std::int64_t n, std::int64_t max_tokens = 4096) {
    auto out = small_constitution();
    out.version = n;
    out.max_tokens_per_call = max_tokens;
    return out;
  }
  [[nodiscard]] ConstitutionHistory history() {
    return *loops_.run(database_->read(ctx(), [](sql::Reader& reader) { return read_history(reader, 100); }));
  }
  [[nodiscard]] std::int64_t in_force() { return loops_.run(service_->constitution(ctx(), {}))->version; }
  [[nodiscard]] std::string file() const {
    std::ifstream in(files_.constitution);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  [[nodiscard]] std::vector<std::string> told() {
    std::vector<std::string> out;
    for (const auto& r : loops_.run(store_->audit_page(ctx(), TenantId("writ"), {}))->records) out.push_back(r.kind);
    return out;
  }
  /// A start on a folder where no constitution was ever in force.
  void open_anew() {
    service_.reset();
    store_.reset();
    database_.reset();
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
      if (entry.path().filename().string().starts_with("policy.db")) std::filesystem::remove(entry.path());
    open();
  }
};

TEST_F(ConstitutionsTest, versions_never_go_back_also_over_a_restart) {
  const auto first = file();
  sign(version(3));
  ASSERT_TRUE(look());
  for (const auto& older :
       {first, *sign_constitution(version(2), signer_), *sign_constitution(version(3, 900), signer_)}) {
    write(files_.constitution, older);
    EXPECT_EQ(look().error().code, "constitution_version");
    open();
    EXPECT_EQ(in_force(), 3);
    EXPECT_EQ(service_->constitution_detail().at("refused").at("code"), "constitution_version");
    EXPECT_EQ(evaluate(model_call("r" + std::to_string(rows("decisions")), 1))->policy_version.substr(0, 2), "3@");
  }
  EXPECT_EQ(loops_.run(service_->constitution(ctx(), {}))->hash, history().constitutions.front().hash);
}

TEST_F(ConstitutionsTest, what_was_in_force_is_so_after_a_restart_without_its_file_and_under_another_clock) {
  sign(version(2));
  ASSERT_TRUE(look());
  std::filesystem::remove(files_.constitution);
  clock_.step(-Seconds{400 * 86'400});
  open();
  EXPECT_EQ(in_force(), 2);
}

TEST_F(ConstitutionsTest, a_text_whose_signer_is_no_longer_trusted_is_not_in_force_and_still_a_floor) {
  sign(version(5));
  ASSERT_TRUE(look());
  signer_ = *crypto::SigningKey::generate(crypto::SignatureAlgorithm::ed25519, system_random());
  crypto::KeySet signers;
  signers.add(signer_.public_key());
  write(files_.signers, to_text(signers.to_jwks()));
  sign(version(6));
  open();
  EXPECT_EQ(in_force(), 6);
  sign(version(5, 700));
  EXPECT_EQ(look().error().code, "constitution_version");
}

TEST_F(ConstitutionsTest, a_text_of_the_future_waits_and_the_one_before_it_goes_on) {
  auto future = version(2);
  future.valid_from = clock_.now() + Seconds{3600};
  sign(future);
  open();
  EXPECT_EQ(in_force(), 1);
  EXPECT_EQ(service_->constitution_detail().at("pending").as_array().size(), 1U);
  clock_.step(Seconds{3601});
  ASSERT_TRUE(look());
  EXPECT_EQ(in_force(), 2);
  EXPECT_EQ(told(),
            (std::vector<std::string>{"constitution.activated", "constitution.pending", "constitution.activated"}));
  clock_.step(-Seconds{7200});
  open();
  EXPECT_EQ(in_force(), 2) << "a clock that was set back does not take it out of force";
}

TEST_F(ConstitutionsTest, with_nothing_before_it_a_text_of_the_future_decides_nothing_until_its_time) {
  auto future = version(2);
  future.valid_from = clock_.now() + Seconds{3600};
  sign(future);
  open_anew();
  const auto refused = evaluate(model_call("r1", 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "no_constitution");
  EXPECT_NE(refused.error().message.find(to_rfc3339(future.valid_from)), std::string::npos);
  EXPECT_FALSE(service_->check_constitution());
  clock_.step(Seconds{3601});
  ASSERT_TRUE(look());
  EXPECT_TRUE(evaluate(model_call("r2", 1)));
}

TEST_F(ConstitutionsTest, a_waiting_text_is_passed_over_by_a_higher_one) {
  auto future = version(2);
  future.valid_from = clock_.now() + Seconds{3600};
  sign(future);
  ASSERT_TRUE(look());
  sign(version(3));
  ASSERT_TRUE(look());
  clock_.step(Seconds{3601});
  ASSERT_TRUE(look());
  EXPECT_EQ(in_force(), 3);
  const auto kept = history().constitutions;
  ASSERT_EQ(kept.size(), 3U);
  EXPECT_EQ(kept.at(1).state, ConstitutionState::passed_over);
}

TEST_F(ConstitutionsTest, every_accepted_text_is_kept_as_it_was_signed) {
  std::vector<std::string> texts{file()};
  for (const std::int64_t n : {2, 3}) {
    sign(version(n));
    texts.push_back(file());
    ASSERT_TRUE(look());
  }
  open();
  for (std::int64_t n = 1; n <= 3; ++n) {
    const auto kept =
        loops_.run(database_->read(ctx(), [n](sql::Reader& reader) { return read_signed_text(reader, n); }));
    EXPECT_EQ(*kept, texts.at(static_cast<std::size_t>(n - 1)));
  }
  const auto unknown =
      loops_.run(database_->read(ctx(), [](sql::Reader& reader) { return read_signed_text(reader, 9); }));
  EXPECT_EQ(unknown.error().code, "no_constitution");
  EXPECT_EQ(history().constitutions.front().kid, signer_.public_key().kid());
}

TEST_F(ConstitutionsTest, a_refusal_is_told_once_for_each_text) {
  auto expired = version(2);
  expired.max_age_seconds = 60;
  for (const auto& text : {std::string("{}"), *sign_constitution(expired, signer_)}) {
    write(files_.constitution, text);
    EXPECT_FALSE(look());
    EXPECT_TRUE(look()) << "the same text is not asked about again";
    open();
  }
  EXPECT_EQ(told(),
            (std::vector<std::string>{"constitution.activated", "constitution.refused", "constitution.refused"}));
  EXPECT_EQ(history().refused.size(), 2U);
  std::filesystem::remove(files_.constitution);
  EXPECT_EQ(look().error().code, "no_constitution");
  EXPECT_EQ(history().refused.size(), 2U) << "what cannot be read was not offered";
  EXPECT_EQ(in_force(), 1);
}

}  // namespace
}  // namespace writ::policy
