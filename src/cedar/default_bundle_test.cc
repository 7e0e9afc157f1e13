// The default bundle of policies/ loads and decides as its rules say.
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "cedar/policy_set.h"

namespace writ::cedar {
namespace {

std::string file(std::string_view name) {
  std::ifstream in(std::string(WRIT_POLICIES "/") + std::string(name), std::ios::binary);
  if (!in) ADD_FAILURE() << "cannot read " << name;
  return {std::istreambuf_iterator<char>(in), {}};
}

const PolicySet& bundle() {
  static const auto set = PolicySet::load(file("default.cedar"), file("schema.cedarschema"));
  if (!set) {
    for (const auto& problem : set.error().problems) ADD_FAILURE() << problem.pointer << ": " << problem.message;
    std::abort();
  }
  return *set;
}

struct Row {
  std::string_view name;
  std::string_view action;
  EntityName resource;
  std::string_view context;  // added to what every context has
  bool allow;
  std::vector<std::string> matched;
};

json::object context_of(const Row& row) {
  json::object context{{"tenant", "local"},
                       {"scopes", json::array{"runs:write"}},
                       {"facts", json::array{}},
                       {"approvals", json::array{}},
                       {"argument_hash", "00"}};
  const auto more = parse_json(row.context);
  EXPECT_TRUE(more) << row.context;
  for (const auto& member : more->as_object()) context[member.key()] = member.value();
  return context;
}

const EntityName capsule{"Capsule", "assistant"}, model{"Model", "default"}, tool{"Tool", "t"},
    memory{"Memory", "dev/k"}, tenant{"Tenant", "local"};
constexpr std::string_view granted = R"("capsule":{"name":"assistant","version":1,"granted":true})";
constexpr std::string_view withdrawn = R"("capsule":{"name":"assistant","version":1,"granted":false})";
std::string with(std::string_view capsule_use, std::string_view more = "") {
  return "{" + std::string(capsule_use) + (more.empty() ? "" : ",") + std::string(more) + "}";
}

TEST(DefaultBundle, decides_as_its_rules_say) {
  const std::string call =
      R"("run":{"id":"run_1","step":1,"attempt":1},"estimate_tokens":700,"max_tokens":256,"tools":["clock"])";
  const std::string run_granted = with(granted), run_withdrawn = with(withdrawn), call_granted = with(granted, call),
                    call_withdrawn = with(withdrawn, call),
                    pure_withdrawn = with(withdrawn, R"("tool":{"name":"clock","effect":"pure"})"),
                    pure_granted = with(granted, R"("tool":{"name":"clock","effect":"pure"})");
  const std::vector<Row> rows{
      {"granted capsule", "run.start", capsule, run_granted, true, {"run-granted-capsule"}},
      {"capsule without grant", "run.start", capsule, run_withdrawn, false, {}},
      {"model call in a run", "model.call", model, call_granted, true, {"model-call"}},
      {"grant withdrawn in the run", "model.call", model, call_withdrawn, false, {}},
      {"direct model call", "model.call", model, R"({"estimate_tokens":10,"max_tokens":5})", true, {"model-call"}},
      {"clean output", "model.output", model, R"({"output_tokens":9})", true, {"model-output"}},
      {"denied term", "model.output", model, R"({"facts":["denied_term"]})", false, {"no-denied-terms"}},
      {"another fact", "model.output", model, R"({"facts":["something_else"]})", true, {"model-output"}},
      {"pure tool", "tool.call", tool, pure_granted, true, {"tool-without-lasting-effect"}},
      {"idempotent tool",
       "tool.call",
       tool,
       R"({"tool":{"name":"remember","effect":"idempotent"}})",
       true,
       {"tool-without-lasting-effect"}},
      {"once tool",
       "tool.call",
       tool,
       R"({"tool":{"name":"journal","effect":"once"}})",
       true,
       {"tool-once-after-review"}},
      {"tool of unknown effect", "tool.call", tool, R"({"tool":{"name":"x","effect":"magic"}})", false, {}},
      {"tool after the grant was withdrawn",
       "tool.call",
       tool,
       pure_withdrawn,
       false,
       {"tool-of-granted-capsule-only"}},
      {"tool result",
       "tool.result",
       tool,
       R"({"tool":{"name":"clock","effect":"pure"},"result_bytes":12})",
       true,
       {"tool-result"}},
      {"own memory", "memory.read", memory, R"({"subject":"dev","own":true,"key":"k"})", true, {"memory-own"}},
      {"own memory written", "memory.write", memory, R"({"subject":"dev","own":true,"key":"k"})", true, {"memory-own"}},
      {"memory of another", "memory.read", memory, R"({"subject":"eve","own":false})", false, {}},
      {"erase of another", "memory.erase", memory, R"({"subject":"eve","own":false})", false, {}},
      {"erase by an administrator",
       "memory.erase",
       memory,
       R"({"subject":"eve","own":false,"scopes":["admin"]})",
       true,
       {"memory-erase-by-admin"}},
      {"read by an administrator",
       "memory.read",
       memory,
       R"({"subject":"eve","own":false,"scopes":["admin"]})",
       false,
       {}},
      {"administration without scope", "admin.keys", tenant, "{}", false, {}},
      {"administration", "admin.keys", tenant, R"({"scopes":["admin"]})", true, {"admin-by-scope"}},
      {"kill switch",
       "tool.result",
       tool,
       R"({"facts":["kill_switch"],"tool":{"name":"clock","effect":"pure"}})",
       false,
       {"kill-switch"}},
      {"administration under the kill switch",
       "admin.kill_switch",
       tenant,
       R"({"facts":["kill_switch"],"scopes":["*"]})",
       true,
       {"admin-by-scope"}},
  };
  for (const auto& row : rows) {
    for (const auto* principal : {"User", "Agent", "Service"}) {
      const Request request{{principal, "dev"}, std::string(row.action), row.resource, context_of(row)};
      const auto answer = bundle().decide(request);
      ASSERT_TRUE(answer) << row.name << ": " << answer.error().message;
      EXPECT_EQ(answer->allow, row.allow) << row.name;
      EXPECT_EQ(answer->matched, row.matched) << row.name;
      EXPECT_TRUE(answer->errors.empty()) << row.name;
    }
  }
}

TEST(DefaultBundle, approvals_are_part_of_every_context) {
  const Row row{"approved", "tool.call", tool, R"({"tool":{"name":"journal","effect":"once"},
    "approvals":[{"decision_id":"dec_1","argument_hash":"00","approver":"eve"}]})", true, {}};
  EXPECT_TRUE(bundle().decide({{"User", "dev"}, "tool.call", tool, context_of(row)}));
}

TEST(DefaultBundle, once_tools_need_a_review_and_no_other_rule_does) {
  for (const auto& policy : bundle().policies())
    EXPECT_EQ(policy.annotations.contains("review"), policy.id == "tool-once-after-review") << policy.id;
  EXPECT_EQ(bundle().annotations("tool-once-after-review")->at("review"), "reviews:decide");
  EXPECT_EQ(bundle().annotations("model-call")->at("cap_tokens"), "1024");
}

TEST(DefaultBundle, a_context_that_lacks_a_required_attribute_is_an_error) {
  for (std::string_view missing : {"tenant", "scopes", "facts", "approvals", "argument_hash", "tool"}) {
    auto context = context_of({"", "", tool, R"({"tool":{"name":"clock","effect":"pure"}})", true, {}});
    ASSERT_TRUE(bundle().decide({{"User", "dev"}, "tool.call", tool, context}));
    context.erase(json::string_view(missing.data(), missing.size()));
    EXPECT_FALSE(bundle().decide({{"User", "dev"}, "tool.call", tool, context})) << missing;
  }
}

TEST(DefaultBundle, limits_and_detectors_are_well_formed_and_every_pattern_fits_the_release_window) {
  const auto limits = parse_json(file("limits.json")), detectors = parse_json(file("detectors.json"));
  ASSERT_TRUE(limits && detectors);
  EXPECT_GT(limits->at("max_tokens_per_call").as_int64(), 0);
  EXPECT_EQ(limits->at("budgets").at(0).at("limit").as_int64(), 1'000'000);
  EXPECT_EQ(detectors->at("release").at("mode").as_string(), "window");
  const auto window = detectors->at("release").at("window_bytes").as_int64();
  for (const auto& detector : detectors->at("detectors").as_array())
    for (const auto& pattern : detector.at("patterns").as_array())
      EXPECT_LE(static_cast<std::int64_t>(pattern.at("text").as_string().size()), window);
}

}  // namespace
}  // namespace writ::cedar
