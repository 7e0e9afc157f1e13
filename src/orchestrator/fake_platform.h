// FakePlatform: an orchestrator on a real SQLite file, with small scripted ports around it. It can crash and come back.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

#include "async/loops.h"
#include "core/scratch_folder.h"
#include "orchestrator/fake_ports.h"
#include "orchestrator/orchestrator_service.h"
#include "outbox/audit_outbox.h"
#include "policy/api/grant.h"
#include "policy/api/policy_port.h"
#include "slm/api/slm_port.h"
#include "sql/sqlite.h"

namespace writ::orchestrator {

/// Passes everything on until a number of writes was committed; then the disk is gone, as after kill -9.
class CrashingDatabase final : public sql::Database {
 public:
  explicit CrashingDatabase(std::unique_ptr<sql::Database> real) : real_(std::move(real)) {}
  [[nodiscard]] std::string_view name() const override { return real_->name(); }
  /// Lets so many writes of run events through from now on, -1: all; on_crash is called on every refused one. Loops may be
  /// writing meanwhile.
  void crash_after(int writes, std::function<void()> on_crash = {}) {
    const std::lock_guard lock(mutex_);
    on_crash_ = std::move(on_crash);
    left_ = writes;
  }
  void wait_for_crash() {
    std::unique_lock lock(mutex_);
    crashed_.wait(lock, [&] { return refused_; });
  }
  [[nodiscard]] bool crashed() {
    const std::lock_guard lock(mutex_);
    return refused_;
  }

 private:
  // submit() is protected: only a derived class may name it.
  struct Access : sql::Database {
    static auto transaction() {
      return static_cast<void (sql::Database::*)(std::unique_ptr<sql::Job<sql::Transaction>>)>(&Access::submit);
    }
    static auto reader() {
      return static_cast<void (sql::Database::*)(std::unique_ptr<sql::Job<sql::Reader>>)>(&Access::submit);
    }
  };

 protected:
  void submit(std::unique_ptr<sql::Job<sql::Transaction>> job) override {
    if (left_.load() >= 0 && left_.fetch_sub(1) <= 0) {
      left_ = 0;
      std::function<void()> on_crash;
      {
        const std::lock_guard lock(mutex_);
        refused_ = true;
        on_crash = on_crash_;
      }
      crashed_.notify_all();
      if (on_crash) on_crash();
      return job->answer(unavailable("crashed", "the test took the disk away"));
    }
    (real_.get()->*Access::transaction())(std::move(job));
  }
  void submit(std::unique_ptr<sql::Job<sql::Reader>> job) override { (real_.get()->*Access::reader())(std::move(job)); }

 private:
  std::unique_ptr<sql::Database> real_;
  std::atomic<int> left_{-1};
  std::mutex mutex_;
  std::condition_variable crashed_;
  bool refused_ = false;
  std::function<void()> on_crash_;
};

/// Starts with up(); down() is an orderly stop, or what is left after a crash.
class FakePlatform {
 public:
  FakePlatform() {
    toolbox.add(std::make_unique<EffectTool>("save", tools::Effect::idempotent, script, Seconds{10}));
    toolbox.add(std::make_unique<EffectTool>("journal", tools::Effect::once, script, Seconds{10}));
    toolbox.add(std::make_unique<EffectTool>("hasty", tools::Effect::once, script, Millis{50}));
    toolbox.add(std::make_unique<EffectTool>("slow", tools::Effect::once, script, Seconds{600}));
    EXPECT_TRUE(capsules.add(*parse_capsule(
        R"({"name":"tester","version":1,"system_prompt":"","tools":["save","journal","hasty","slow"],"max_tokens":50})")));
    EXPECT_TRUE(capsules.add(*parse_capsule(
        R"({"name":"brief","version":1,"system_prompt":"","tools":["slow"],"limits":{"steps":8,"tokens":20000,"wall_ms":1000}})")));
    settings.lease = Millis{30'000};
  }
  ~FakePlatform() { down(); }
  FakePlatform(const FakePlatform&) = delete;
  FakePlatform& operator=(const FakePlatform&) = delete;

  void up() {
    auto opened = sql::open_sqlite(folder.path() / "orchestrator.db", orchestrator_migrations(), {.clock = &clock});
    ASSERT_TRUE(opened) << opened.error().message;
    live = std::make_unique<Live>(*this, std::move(*opened));
    ASSERT_TRUE(loops.run(live->engine.start(live->tasks)));
  }
  void down() {
    if (!live) return;
    live->hub.close();
    EXPECT_TRUE(loops.run(live->tasks.stop(Seconds{10})));
    EXPECT_TRUE(loops.run(live->settling.stop(Seconds{10})));
    script.let_go.request_stop();
    EXPECT_TRUE(loops.run(live->governed.stop_tools(Seconds{10})));
    script.let_go = {};
    live.reset();
  }

  [[nodiscard]] static Context as(std::string subject, std::vector<std::string> scopes = {},
                                  std::string tenant = "acme") {
    Context ctx;
    ctx.principal = {
        .tenant = TenantId(std::move(tenant)), .subject = Subject(std::move(subject)), .scopes = std::move(scopes)};
    return ctx.within(Seconds{30});
  }
  [[nodiscard]] static Context boss() { return as("boss", {"reviews:decide"}); }

  Started start(std::string prompt, std::string capsule = "tester") {
    auto started =
        loops.run(live->service.start(as("dev"), {.prompt = std::move(prompt), .capsule = std::move(capsule)}));
    EXPECT_TRUE(started) << started.error().message;
    return started.value_or(Started{});
  }
  Run run(const RunId& id) {
    auto found = loops.run(live->service.run(as("dev"), {.run_id = id}));
    EXPECT_TRUE(found);
    return found.value_or(Run{});
  }
  /// Watches until an event of this type, or to the end.
  std::vector<RunEvent> watch(const RunId& id, std::int64_t after = 0, std::string_view until = "run_finished") {
    std::vector<RunEvent> out;
    auto stream = loops.run(live->service.watch(as("dev"), {.run_id = id, .after = after}));
    if (!stream && stream.error().code == "stopping") return out;
    EXPECT_TRUE(stream);
    if (!stream) return out;
    for (;;) {
      auto item = loops.run((*stream)->next());
      if (!item && item.error().code == "stopping") break;
      EXPECT_TRUE(item) << item.error().message;
      if (!item || !*item) break;
      out.push_back(std::move(**item));
      if (out.back().type == until) break;
    }
    return out;
  }
  Review open_review(const RunId& id) {
    watch(id, 0, "review_requested");
    auto page = loops.run(live->service.reviews(boss(), {.run_id = id}));
    EXPECT_TRUE(page && !page->reviews.empty());
    return page && !page->reviews.empty() ? page->reviews.front() : Review{};
  }
  Result<Review> answer(Context ctx, AnswerReview in) {
    return loops.run(live->service.answer(std::move(ctx), std::move(in)));
  }

  /// What dies in a crash.
  struct Live {
    Live(FakePlatform& p, std::unique_ptr<sql::Database> real)
        : database(std::move(real)),
          registry("orchestrator", "0", "test"),
          probe(registry),
          store(database, *content::ContentStore::make(Secret(std::string(32, 'k')))),
          hub(p.clock),
          governed(p.policy, p.slm, p.toolbox, settling),
          engine({store, governed, p.identity, p.toolbox, p.capsules, p.settings, hub, probe, p.log, p.clock,
                  system_random()},
                 p.loops, "embedded"),
          service({store, engine, hub, p.identity, p.capsules, p.toolbox, probe, p.clock, system_random()}) {}
    CrashingDatabase database;
    observability::Registry registry;
    OrchestratorProbe probe;
    OrchestratorStore store;
    RunHub hub;
    async::TaskGroup settling{"settling", 100}, tasks{"tasks", 100};
    governed::Governed governed;
    EmbeddedEngine engine;
    OrchestratorService service;
  };

  ScratchFolder folder;
  MovedClock clock;
  observability::Logger log{"orchestrator", observability::Level::error, [](std::string_view) {}};
  OrchestratorSettings settings;
  ToolScript script;
  std::multiset<std::string>& effects = script.effects;
  std::atomic<int>& lost_answers = script.lost_answers;
  tools::Toolbox toolbox;
  CapsuleSet capsules = *CapsuleSet::load({});
  FakeIdentity identity;
  FakePolicy policy;
  FakeSlm slm;
  async::Loops loops{2};
  std::unique_ptr<Live> live;
};

}  // namespace writ::orchestrator
