// Decisions through policy's port in this process: each is evaluated, reserved, granted, recorded and on disk before it is
// answered. `--clients` ask at the same time, each its next question when it has the answer.
#include <atomic>
#include <latch>

#include "policy/policy.h"
#include "sql/sqlite.h"
#include "workbench.h"

namespace writ::bench {
namespace {

policy::EvaluateRequest model_call(std::string request_id) {
  return {.request_id = std::move(request_id),
          .action = policy::Action::model_call,
          .resource = {"Model", "bench"},
          .context = {{"max_tokens", 1}},
          .request_hash = std::string(64, '0'),
          .content = "What is 17% of 2340?",
          .estimate = Tokens{1}};
}

struct Client {
  std::vector<double> milliseconds;
  std::optional<Error> error;
};

Task<void> ask(policy::PolicyPort* port, Context ctx, std::string name, std::int64_t questions, Client* out,
               std::latch* done) {
  for (std::int64_t i = 0; i < questions && !out->error; ++i) {
    const auto began = wall_seconds();
    const auto decision = co_await port->evaluate(ctx.within(Seconds{30}), model_call(name + "/" + std::to_string(i)));
    out->milliseconds.push_back((wall_seconds() - began) * 1e3);
    if (!decision) out->error = decision.error();
    else if (decision->decision != policy::Verdict::allow || !decision->grant)
      out->error = internal("a decision that should allow does not", "bench");
  }
  done->count_down();
}

int run(const Arguments& arguments) {
  const auto clients = arguments.number("--clients", 1), questions = arguments.number("--questions", 200);
  const ScratchData data(arguments.text("--folder", "."));
  const auto& folder = data.folder();
  Process process("policy-engine", 1);
  auto made =
      policy::make_service({.database = must(sql::open_sqlite(folder.database("policy"), policy::policy_migrations())),
                            .settings = {},
                            .files = {.constitution = folder.constitution_file(),
                                      .signers = folder.signers_file(),
                                      .checkpoints = folder.checkpoints_file()},
                            .key_secret = must(folder.secret("policy")),
                            .identity_fresh = [] { return Status{}; },
                            .holds = [](const Principal&) { return Status{}; },
                            .registry = process.registry,
                            .invoker = process.invoker,
                            .log = process.log,
                            .clock = system_clock(),
                            .random = system_random()});
  must(process.loops.run(made.service.start({process.loops, process.tasks})));
  policy::PolicyClient port(http::Binding<policy::PolicyPort>(process.invoker, "orchestrator", made.port));
  Context ctx;
  ctx.principal = {.tenant = TenantId("local"), .subject = Subject("developer"), .scopes = {"models:use"}};

  std::vector<Client> all(static_cast<std::size_t>(clients));
  const auto round = [&](const std::string& name, std::int64_t each) {
    std::latch done(clients);
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i].milliseconds.clear();
      must(process.tasks.spawn(process.loops.at(0), "client",
                               ask(&port, ctx, name + std::to_string(i), each, &all[i], &done)));
    }
    done.wait();
    for (const auto& client : all)
      if (client.error) give_up(*client.error);
  };
  round("warm", 3);
  const auto wall = wall_seconds(), cpu = cpu_seconds();
  round("call", questions / clients);
  const auto took = wall_seconds() - wall, used = cpu_seconds() - cpu;
  std::vector<double> milliseconds;
  for (const auto& client : all)
    milliseconds.insert(milliseconds.end(), client.milliseconds.begin(), client.milliseconds.end());
  print({{"clients", clients},
         {"decisions", milliseconds.size()},
         {"seconds", took},
         {"cpu_seconds", used},
         {"p50_ms", percentile(milliseconds, 0.5)},
         {"p99_ms", percentile(milliseconds, 0.99)}});
  must(process.loops.run(process.tasks.stop(Seconds{10})));
  must(process.loops.run(made.service.flush()));
  return 0;
}

}  // namespace
}  // namespace writ::bench

int main(int argc, char** argv) { return writ::bench::run(writ::bench::Arguments(argc, argv)); }
