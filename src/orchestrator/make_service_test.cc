#include <gtest/gtest.h>

#include "orchestrator/fake_platform.h"
#include "orchestrator/orchestrator.h"

namespace writ::orchestrator {
namespace {

class NoRecall final : public recall::RecallPort {
 public:
  Task<Result<recall::Stored>> put(Context, recall::PutMemory) override { co_return fail(internal("unused")); }
  Task<Result<recall::Memory>> get(Context, recall::GetMemory) override { co_return fail(internal("unused")); }
};

class MakeService : public testing::Test {
 protected:
  Result<Made> make(bool temporal, std::string key = std::string(32, 'k')) {
    auto database = sql::open_sqlite(folder.path() / "orchestrator.db", orchestrator_migrations());
    EXPECT_TRUE(database);
    return make_service({.database = std::move(*database),
                         .settings = {},
                         .temporal_enabled = temporal,
                         .content_key = Secret(std::move(key)),
                         .policy = policy,
                         .slm = slm,
                         .recall = recall,
                         .identity = identity,
                         .loops = loops,
                         .registry = registry,
                         .invoker = invoker,
                         .log = log,
                         .clock = system_clock(),
                         .random = system_random()});
  }
  ScratchFolder folder;
  FakePolicy policy;
  FakeSlm slm;
  NoRecall recall;
  FakeIdentity identity;
  async::Loops loops{1};
  observability::Registry registry{"orchestrator", "0", "test"};
  http::Invoker invoker{registry};
  observability::Logger log{"orchestrator", observability::Level::error, [](std::string_view) {}};
};

TEST_F(MakeService, refuses_temporal_which_this_build_does_not_have) {
  const auto made = make(true);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, "no_temporal");
}

TEST_F(MakeService, refuses_a_short_content_key) {
  const auto made = make(false, "short");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, "key_too_short");
}

TEST_F(MakeService, runs_the_shipped_assistant_from_start_to_stop) {
  auto made = make(false);
  ASSERT_TRUE(made) << made.error().message;
  async::TaskGroup tasks("tasks", 100);
  ASSERT_TRUE(loops.run(made->service.start(runtime::Scope{loops, tasks})));
  const auto started = loops.run(made->port.start(FakePlatform::as("dev"), {.prompt = "hello"}));
  ASSERT_TRUE(started) << started.error().message;
  auto stream = loops.run(made->port.watch(FakePlatform::as("dev"), {.run_id = started->run_id}));
  ASSERT_TRUE(stream);
  std::string last;
  for (auto item = loops.run((*stream)->next()); item && *item; item = loops.run((*stream)->next()))
    last = (*item)->type;
  EXPECT_EQ(last, "run_finished");
  policy.wait_for_audit(started->run_id.str() + "/run.finished");
  stream->reset();
  made->service.drain();
  EXPECT_TRUE(loops.run(tasks.stop(Seconds{10})));
  EXPECT_TRUE(loops.run(made->service.flush()));
  EXPECT_EQ(made->service.routes.at(0).all().size(), 8U);
}

}  // namespace
}  // namespace writ::orchestrator
