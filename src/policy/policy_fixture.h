// What tests of PolicyService share.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>

#include "async/loops.h"
#include "core/scratch_folder.h"
#include "policy/policy_service.h"
#include "policy/small_constitution.h"
#include "sql/sqlite.h"

namespace writ::policy {

inline void write(const std::filesystem::path& file, std::string_view text) { std::ofstream(file) << text; }

/// The machine's clock with steps; steady() has none.
class SteppedClock final : public Clock {
 public:
  [[nodiscard]] WallTime now() const override { return system_clock().now() + Millis{offset_.load()}; }
  [[nodiscard]] SteadyTime steady() const override { return system_clock().steady(); }
  void step(Millis by) { offset_ += by.count(); }

 private:
  std::atomic<std::int64_t> offset_{0};
};

/// A PolicyService on a real SQLite file with the small constitution; open() restarts it.
class PolicyServiceTest : public testing::Test {
 protected:
  PolicyServiceTest() : signer_(*crypto::SigningKey::generate(crypto::SignatureAlgorithm::ed25519, system_random())) {
    crypto::KeySet signers;
    signers.add(signer_.public_key());
    write(files_.signers, to_text(signers.to_jwks()));
    sign(small_constitution());
    open();
    ctx_.principal = {
        .tenant = TenantId("acme"), .subject = Subject("ann"), .kind = PrincipalKind::user, .scopes = {"runs:write"}};
  }
  void sign(const Constitution& constitution) { write(files_.constitution, *sign_constitution(constitution, signer_)); }
  void open() {
    service_.reset();
    store_.reset();
    database_.reset();
    database_ = *sql::open_sqlite(folder_.path() / "policy.db", policy_migrations(), {.clock = &clock_});
    store_ = std::make_unique<PolicyStore>(*database_);
    PolicySettings settings;
    settings.reservation_life = reservation_life_;
    service_ = std::make_unique<PolicyService>(
        *store_, settings, files_, Secret(std::string(32, 'k')), [this](const Principal&) { return fresh_; }, probe_,
        clock_, system_random());
    const auto started = loops_.run(service_->start(Context{}.within(Seconds{10})));
    ASSERT_TRUE(started) << started.error().message;
  }
  [[nodiscard]] Status look() { return loops_.run(service_->look_at_constitution(ctx())); }
  /// In force for a minute, which is over.
  void let_expire(Constitution constitution) {
    constitution.valid_from = clock_.now();
    constitution.max_age_seconds = 60;
    sign(constitution);
    ASSERT_TRUE(look());
    clock_.step(Seconds{61});
  }
  [[nodiscard]] Context ctx() const { return ctx_.within(Seconds{10}); }
  [[nodiscard]] static EvaluateRequest model_call(std::string id, std::int64_t tokens) {
    return {.request_id = std::move(id),
            .action = Action::model_call,
            .resource = {"Model", "m"},
            .context = {},
            .request_hash = "h",
            .estimate = Tokens{tokens}};
  }
  [[nodiscard]] Result<Decision> evaluate(EvaluateRequest question) {
    return loops_.run(service_->evaluate(ctx(), std::move(question)));
  }
  [[nodiscard]] Result<Settled> settle(const Decision& decision, std::int64_t tokens, std::string id = "s") {
    return loops_.run(service_->settle(
        ctx(), {.request_id = std::move(id), .decision_id = decision.decision_id, .actual = Tokens{tokens}}));
  }
  /// The model call of an attempt of run_1, whose prompt has `prompt` tokens.
  [[nodiscard]] static EvaluateRequest attempt(std::int64_t n, std::int64_t prompt, std::int64_t generates,
                                               std::string run = "run_1", std::int64_t step = 1) {
    auto out = model_call(run + "/" + std::to_string(step) + "/" + std::to_string(n), prompt + generates);
    out.context = {{"run", {{"id", run}, {"step", step}, {"attempt", n}}}};
    out.generates = Tokens{generates};
    return out;
  }
  [[nodiscard]] Result<Inspection> inspect(const Decision& call, std::int64_t offset, std::string text,
                                           bool last = false, std::optional<Tokens> used = {}) {
    return loops_.run(service_->inspect(
        ctx(),
        {.decision_id = call.decision_id, .offset = offset, .text = std::move(text), .last = last, .used = used}));
  }
  void finish_run(std::string run) {
    ASSERT_TRUE(loops_.run(service_->append_audit(
        ctx(),
        {.tenant = TenantId("acme"), .id = run + "/run.finished", .kind = "run.finished", .data = {{"run_id", run}}})));
  }
  [[nodiscard]] std::int64_t rows(std::string_view table) {
    return loops_
        .run(database_->read(ctx(),
                             [&](sql::Reader& reader) -> Result<std::int64_t> {
                               WRIT_TRY(const auto row, reader.row("SELECT count(*) FROM " + std::string(table)));
                               return row->get<std::int64_t>(0);
                             }))
        .value_or(-1);
  }
  [[nodiscard]] Budget budget() { return *loops_.run(service_->budget(ctx(), {})); }
  [[nodiscard]] std::vector<AuditRecord> audit() {
    return loops_.run(store_->audit_page(ctx(), ctx_.principal.tenant, {}))->records;
  }

  SteppedClock clock_;
  ScratchFolder folder_;
  async::Loops loops_{1};
  crypto::SigningKey signer_;
  PolicyFiles files_{.constitution = folder_.path() / "constitution.json",
                     .signers = folder_.path() / "signers.json",
                     .checkpoints = folder_.path() / "checkpoints.jsonl"};
  observability::Registry registry_{"policy-engine", "t", "t"};
  PolicyProbe probe_{registry_};
  Status fresh_;
  Seconds reservation_life_{900};
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<PolicyStore> store_;
  std::unique_ptr<PolicyService> service_;
  Context ctx_;
};

}  // namespace writ::policy
