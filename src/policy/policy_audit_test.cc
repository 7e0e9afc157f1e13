#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "policy/audit_folder.h"
#include "policy/policy_fixture.h"

namespace writ::policy {
namespace {

/// An export as a file.
class ExportTest : public PolicyServiceTest {
 protected:
  std::filesystem::path exported(const ExportAudit& wanted) {
    const auto lines = loops_.run(service_->export_audit(ctx(), wanted));
    EXPECT_TRUE(lines) << lines.error().message;
    std::ofstream out(file_, std::ios::trunc);
    for (;;) {
      const auto line = loops_.run((*lines)->next());
      EXPECT_TRUE(line) << line.error().message;
      if (!line || !*line) return file_;
      out << to_text(schema::encode(**line)) << '\n';
    }
  }
  [[nodiscard]] std::vector<std::string> found(VerifyAudit wanted = {}) const {
    const auto report = verify_export(file_, *service_->public_keys(), wanted, [](const AuditReport&) { return true; });
    if (!report) return {report.error().code};
    std::vector<std::string> out;
    for (const auto& finding : report->findings) out.push_back(finding.code);
    return out;
  }
  std::string text() const {
    std::ifstream in(file_);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void two_tenants() {
    for (const auto* tenant : {"acme", "globex", "acme"}) {
      ctx_.principal.tenant = TenantId(tenant);
      ASSERT_TRUE(evaluate(model_call("r" + std::to_string(++n_), 1)));
      ASSERT_TRUE(loops_.run(service_->checkpoint(ctx())));
    }
  }
  const std::filesystem::path file_ = folder_.path() / "audit.export";
  int n_ = 0;
};
using Codes = std::vector<std::string>;

TEST_F(ExportTest, one_tenants_export_names_no_other_and_is_verified_with_the_public_key_alone) {
  two_tenants();
  (void)exported({});
  EXPECT_EQ(text().find("globex"), std::string::npos);
  EXPECT_EQ(found(), Codes{});
  const auto head = loops_.run(service_->audit_head(ctx(), {}));
  EXPECT_EQ(found({.tenant = {}, .expect_number = head->number, .expect_hash = head->hash}), Codes{});
  EXPECT_EQ(found({.tenant = {}, .expect_number = 99, .expect_hash = head->hash}), Codes{"not_as_expected"});
  const auto other = *crypto::SigningKey::generate(crypto::SignatureAlgorithm::ed25519, system_random());
  crypto::KeySet keys;
  keys.add(other.public_key());
  const auto report = verify_export(file_, keys, {}, [](const AuditReport&) { return true; });
  ASSERT_TRUE(report);
  EXPECT_EQ(report->findings.front().code, "unknown_key");
}

TEST_F(ExportTest, a_line_that_is_changed_taken_away_or_added_is_found) {
  two_tenants();
  ctx_.principal.scopes = {"*"};
  (void)exported({});
  const auto whole = text();
  EXPECT_NE(whole.find("globex"), std::string::npos);
  std::vector<std::string> lines;
  for (std::istringstream in(whole); std::getline(in, lines.emplace_back());) {}
  lines.pop_back();
  const auto put = [&](const std::vector<std::string>& all) {
    std::ofstream out(file_, std::ios::trunc);
    for (const auto& line : all) out << line << '\n';
  };
  for (std::size_t i = 1; i < lines.size(); ++i) {
    auto less = lines;
    less.erase(less.begin() + static_cast<std::ptrdiff_t>(i));
    put(less);
    EXPECT_FALSE(found().empty()) << "without line " << i + 1;
    auto twice = lines;
    twice.insert(twice.begin() + static_cast<std::ptrdiff_t>(i), lines[i]);
    put(twice);
    EXPECT_FALSE(found().empty()) << "line " << i + 1 << " twice";
    for (const char digit : {'1', '2', '3'}) {
      auto edited = lines;
      const auto at = edited[i].find(digit);
      if (at == std::string::npos) continue;
      edited[i][at] = '9';
      put(edited);
      EXPECT_FALSE(found().empty()) << edited[i];
    }
  }
  put(lines);
  EXPECT_EQ(found(), Codes{});
  std::filesystem::resize_file(file_, whole.size() - 5);
  EXPECT_EQ(found().front(), "line_unreadable");
  write(file_, "{}");
  EXPECT_EQ(found(), Codes{"not_an_export"});
}

TEST_F(ExportTest, another_tenants_audit_needs_the_scope_for_all) {
  two_tenants();
  EXPECT_EQ(loops_.run(service_->export_audit(ctx(), {.tenant = TenantId("globex")})).error().code, "missing_scope");
  EXPECT_EQ(
      loops_.run(service_->verify_audit(ctx(), {.tenant = TenantId("globex"), .expect_number = {}, .expect_hash = {}}))
          .error()
          .code,
      "missing_scope");
}

TEST_F(PolicyServiceTest, reading_the_audit_is_recorded_once_a_minute_and_a_subject) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(loops_.run(service_->list_audit(ctx(), {})));
  auto records = audit();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].kind, "audit.read");
  EXPECT_EQ(records[0].subject, "ann");
  ctx_.principal.subject = Subject("bob");
  ASSERT_TRUE(loops_.run(service_->list_audit(ctx(), {})));
  EXPECT_EQ(audit().size(), 2U);
}

TEST_F(PolicyServiceTest, the_audit_is_filtered_by_kind_subject_and_time) {
  ASSERT_TRUE(evaluate(model_call("run_1/1/1/model.call/1", 1)));
  ctx_.principal.subject = Subject("bob");
  ASSERT_TRUE(evaluate(model_call("r2", 1)));
  const auto listed = [&](ListAudit query) {
    return loops_.run(store_->audit_page(ctx(), ctx_.principal.tenant, std::move(query)))->records.size();
  };
  EXPECT_EQ(listed({.kind = "decision"}), 2U);
  EXPECT_EQ(listed({.kind = "settle"}), 0U);
  EXPECT_EQ(listed({.subject = "bob"}), 1U);
  EXPECT_EQ(listed({.since = system_clock().now() + Seconds{60}}), 0U);
  EXPECT_EQ(listed({.until = system_clock().now() + Seconds{60}}), 2U);
}

TEST_F(PolicyServiceTest, a_constitution_that_came_into_force_or_was_refused_is_told_once) {
  const auto look = [&] { (void)this->look(); };
  const auto told = [&] {
    std::vector<std::string> out;
    for (const auto& r : loops_.run(store_->audit_page(ctx(), TenantId("writ"), {}))->records) out.push_back(r.kind);
    return out;
  };
  look();
  look();
  EXPECT_EQ(told(), Codes{"constitution.activated"});
  std::ifstream in(files_.constitution);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  write(files_.constitution, "{}");
  look();
  look();
  EXPECT_EQ(told(), (Codes{"constitution.activated", "constitution.refused"}));
  write(files_.constitution, text);
  open();
  look();
  EXPECT_EQ(told().size(), 2U) << "told before the restart";
  auto newer = small_constitution();
  newer.version = 2;
  sign(newer);
  look();
  EXPECT_EQ(told().back(), "constitution.activated");
  EXPECT_EQ(told().size(), 3U);
}

TEST_F(PolicyServiceTest, nothing_is_appended_or_signed_before_the_key_ring_is_open) {
  PolicyService early(
      *store_, PolicySettings{}, files_, Secret(std::string(32, 'k')), [this](const Principal&) { return fresh_; },
      probe_, clock_, system_random());
  const auto appended = loops_.run(early.append_audit(
      ctx(), {.tenant = TenantId("acme"), .id = "early", .kind = "key.created", .data = {}, .subject = {}}));
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().code, "policy_starting");
  EXPECT_TRUE(loops_.run(early.checkpoint(ctx())));
  EXPECT_TRUE(audit().empty());
}

}  // namespace
}  // namespace writ::policy
