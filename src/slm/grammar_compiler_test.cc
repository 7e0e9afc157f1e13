#include "slm/grammar_compiler.h"

#include "grammar/limits.h"
#include "llama/grammar.h"
#include "slm/slm_fixture.h"

namespace writ::slm {
namespace {

class Compiling : public testing::Test {
 protected:
  static std::shared_ptr<const llama::Model> model() {
    static const std::shared_ptr<const llama::Model> loaded =
        *llama::Model::load({.gguf = WRIT_MODELS "/tiny/writ-tiny.gguf"}, llama::ModelPart::vocabulary);
    return loaded;
  }
  static grammar::Source source_of(std::string_view schema) { return llama::json_grammar(*parse_json(schema)).value(); }
  static Context context_of(std::string_view tenant) {
    Context ctx;
    ctx.principal = {.tenant = TenantId(std::string(tenant)), .subject = Subject("dev")};
    return ctx.within(Seconds{60});
  }
  std::uint64_t ended(std::string_view how) { return registry.counters(metric::grammars).with({how}).value(); }

  async::Loops loops{1};
  observability::Registry registry{"slm", "1.0", "test"};
};

TEST_F(Compiling, equal_grammars_are_compiled_once) {
  GrammarCompiler compiler({}, registry, system_clock());
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(loops.run(compiler.compile(context_of("acme"), model(), source_of(R"({"type":"integer"})"))));
  EXPECT_EQ(ended("compiled"), 1U);
  EXPECT_EQ(ended("cached"), 2U);
}

TEST_F(Compiling, the_cache_holds_so_many_and_forgets_the_oldest) {
  GrammarCompiler compiler({.cached_grammars = 2}, registry, system_clock());
  const auto compile = [&](std::int64_t n) {
    ASSERT_TRUE(
        loops.run(compiler.compile(context_of("acme"), model(), source_of(to_text(json::object{{"const", n}})))));
  };
  for (const auto n : {1, 2, 1, 3, 1}) compile(n);
  EXPECT_EQ(ended("cached"), 2U);
  compile(2);
  EXPECT_EQ(ended("compiled"), 4U);
}

TEST_F(Compiling, a_refusal_names_the_place) {
  GrammarCompiler compiler({}, registry, system_clock());
  const auto refused = loops.run(compiler.compile(
      context_of("acme"), model(),
      source_of(R"({"type":"object","properties":{"a":{"oneOf":[{"minLength":1},{"maxLength":9}]}}})")));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "bad_json_schema");
  EXPECT_EQ(refused.error().problems.at(0).pointer, "/json_schema/properties/a/oneOf");
}

TEST_F(Compiling, who_has_given_up_is_not_compiled_for) {
  GrammarCompiler compiler({}, registry, system_clock());
  auto late = context_of("acme");
  late.deadline = system_clock().steady();
  EXPECT_EQ(loops.run(compiler.compile(late, model(), source_of(R"({"type":"integer"})"))).error().kind,
            ErrorKind::deadline);
  std::stop_source gone;
  gone.request_stop();
  auto cancelled = context_of("acme");
  cancelled.cancel = gone.get_token();
  EXPECT_EQ(loops.run(compiler.compile(cancelled, model(), source_of(R"({"type":"null"})"))).error().kind,
            ErrorKind::cancelled);
  ASSERT_TRUE(loops.run(compiler.compile(context_of("acme"), model(), source_of(R"({"type":"boolean"})"))));
  EXPECT_EQ(ended("compiled"), 1U);
}

TEST_F(Compiling, a_tenant_fills_its_own_share_of_the_queue_only) {
  GrammarCompiler compiler({.threads = 0, .queue_max = 8, .tenant_queue_max = 2, .wait_max = Seconds{1}}, registry,
                           system_clock());
  const auto ask = [&](std::string_view tenant) {
    return loops.run(compiler.compile(context_of(tenant), model(), source_of(R"({"type":"integer"})"))).error();
  };
  // Nobody compiles, so that each waits its time out and its job stays in the queue.
  EXPECT_EQ(ask("acme").message, "the grammars of other requests are compiled first");
  EXPECT_EQ(ask("acme").message, "the grammars of other requests are compiled first");
  EXPECT_EQ(ask("acme").message, "too many grammars wait to be compiled");
  EXPECT_EQ(ask("other").message, "the grammars of other requests are compiled first");
}

TEST_F(Compiling, after_stop_nothing_is_compiled) {
  GrammarCompiler compiler({}, registry, system_clock());
  compiler.stop();
  EXPECT_EQ(loops.run(compiler.compile(context_of("acme"), model(), source_of("true"))).error().code, "stopping");
}

/// The deepest recursion that the limits let through, on the stack that the compiler has.
TEST_F(Compiling, the_largest_schemas_that_are_let_through_fit_the_stack) {
  GrammarCompiler compiler({}, registry, system_clock());
  json::object defs;
  constexpr int links = 990;
  for (int i = 0; i < links; ++i)
    defs["d" + std::to_string(i)] = {
        {"type", "array"}, {"items", {{"type", "array"}, {"items", {{"$ref", "#/$defs/d" + std::to_string(i + 1)}}}}}};
  defs["d" + std::to_string(links)] = {{"type", "null"}};
  ASSERT_TRUE(loops.run(compiler.compile(context_of("acme"), model(),
                                         source_of(to_text(json::object{{"$ref", "#/$defs/d0"}, {"$defs", defs}})))));
  json::object properties;
  for (std::uint64_t i = 0; i < grammar::limit::properties.most; ++i)
    properties["p" + std::to_string(i)] = {{"type", "string"}};
  ASSERT_TRUE(loops.run(compiler.compile(
      context_of("acme"), model(),
      source_of(
          to_text(json::object{{"type", "object"}, {"properties", properties}, {"additionalProperties", false}})))));
}

}  // namespace
}  // namespace writ::slm
