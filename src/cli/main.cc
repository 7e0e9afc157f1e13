// The commands of writ and their arguments.
#include <CLI/CLI.hpp>
#include <algorithm>

#include "app/role.h"
#include "cli/command.h"
#include "cli/terminal.h"
#include "slm/model_trial.h"

int main(int argc, char** argv) {
  using namespace writ;
  runtime::say_why_on_terminate();
  CLI::App app("writ: a governed agent platform. Nothing a model or a tool does happens without a recorded decision.",
               "writ");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string(app::version));
  int code = cli::done;

  cli::AskOptions ask;
  auto* ask_command = app.add_subcommand("ask", "Ask an agent: one governed run with a live trace");
  auto* ask_prompt = ask_command->add_option("prompt", ask.prompt, "What to ask");
  ask_command->add_option("--follow", ask.follow, "Ask nothing: follow this run, from its beginning")
      ->excludes(ask_prompt);
  ask_command->add_flag("--json", ask.json, "One JSON object per event");
  ask_command->add_option("--capsule", ask.capsule, "Agent definition (assistant)");
  ask_command->add_option("--model", ask.model, "Model instead of the capsule's");
  ask_command->add_option("--session", ask.session, "Go on with this session");
  ask_command->add_option("--tool-choice", ask.tool_choice,
                          "auto, none, required, or a tool's name, for the first step");
  ask_command->callback([&] {
    if (ask.prompt.empty() && ask.follow.empty()) throw CLI::RequiredError("prompt");
    code = cli::ask(ask);
  });

  cli::ServeOptions serve;
  auto* serve_command = app.add_subcommand("serve", "Serve the platform, or one service of it");
  serve_command->add_option("--service", serve.service,
                            "Only this one; the others are reached at WRIT_POLICY_URL and its like");
  serve_command->callback([&] { code = cli::serve(serve); });

  std::string profile = "dev";
  auto* worker_command = app.add_subcommand("worker", "Run the orchestrator's worker alone");
  worker_command->add_option("--profile", profile, "dev or prod")->check(CLI::IsMember({"dev", "prod"}));
  worker_command->callback([&] { code = cli::worker(profile); });

  std::string bundle;
  bool json = false;
  auto* init_command =
      app.add_subcommand("init", "Make secrets, keys and the signed constitution; changes nothing that is there");
  init_command->add_option("--bundle", bundle, "Folder of policies instead of the shipped ones");
  init_command->add_flag("--json", json, "As one JSON object");
  init_command->callback([&] { code = cli::init(bundle, json); });

  auto* model_command =
      app.add_subcommand("model", "What a model is given, and how well it answers")->require_subcommand(1);
  cli::ModelRenderOptions render;
  auto* render_command = model_command->add_subcommand(
      "render",
      "Print what a model would be given: reads {\"messages\", \"tools\"?, \"add_generation_prompt\"?} from stdin, one "
      "JSON object a line, and answers each with one line, {\"text\"} or {\"error\"}");
  render_command->add_option("--model", render.model, "Model id instead of the default's");
  render_command->add_flag("--tokens", render.tokens, "Add \"tokens\", the ids that are decoded");
  render_command->callback([&] { code = cli::model_render(render); });

  cli::ModelEvalOptions eval;
  auto* eval_command = model_command->add_subcommand(
      "eval",
      "Score a model: plays the client of each case over POST /v1/chat/completions, and tells how many were right");
  eval_command->add_option("files", eval.files, "Cases, one JSON object a line; models/README.md tells their form")
      ->required()
      ->check(CLI::ExistingFile);
  eval_command->add_option("--model", eval.model, "Model id instead of the default's");
  eval_command->add_option("--url", eval.url, "Ask this OpenAI-compatible server; its budget and audit are used");
  eval_command->add_option("--key", eval.key, "API key of --url; better in WRIT_API_KEY, which no process list shows")
      ->envname("WRIT_API_KEY");
  eval_command->add_option("--jobs", eval.jobs, "Cases that are played at once (4)")->check(CLI::Range(1, 64));
  eval_command->add_option("--max-tokens", eval.max_tokens, "Of each answer (256)")->check(CLI::Range(1, 32'768));
  eval_command->add_option("--limit", eval.limit, "Only the first so many cases of each split")
      ->check(CLI::Range(1, 1'000'000));
  eval_command->add_option("--show", eval.show, "Show so many of the wrong cases")->check(CLI::Range(0, 1'000'000));
  eval_command->add_option("--min", eval.minimums, "SPLIT=PERCENT, repeatable: exit code 1 when fewer cases are right");
  eval_command->add_flag("--json", eval.json, "As one JSON object");
  eval_command->callback([&] { code = cli::model_eval(eval); });

  // A server starts this for a model that it does not know: see slm/model_trial.h. In no list of commands.
  std::string trial;
  auto* trial_command = app.add_subcommand("model-trial", "Load a model and end, for a server that waits")->group("");
  trial_command->add_option("request", trial, "What to load, as JSON")->required();
  trial_command->callback([&] { code = slm::run_model_trial(trial); });

  auto* policy_command = app.add_subcommand("policy", "The constitution")->require_subcommand(1);
  cli::SignOptions sign;
  const auto one_version = CLI::Range(std::int64_t{1}, std::int64_t{1} << 40U);
  auto* sign_command = policy_command->add_subcommand(
      "sign", "Sign a bundle as the next version, with the local key, and tell what became of it");
  sign_command->add_option("bundle", sign.bundle, "Folder of policies")->required();
  sign_command
      ->add_option("--constitution-version", sign.version,
                   "Its version, above every accepted one; the next when left out")
      ->check(one_version);
  sign_command->add_option("--valid-from", sign.valid_from,
                           "When it comes into force, such as 2026-12-01T08:00:00Z; at once when left out");
  sign_command->add_flag("--json", sign.json, "As one JSON object");
  sign_command->callback([&] { code = cli::sign_policy(sign); });
  std::int64_t constitution = 0, other = 0, kept = 100;
  auto* show_command = policy_command->add_subcommand("show", "A constitution as it was signed");
  show_command->add_option("version", constitution, "Its version; the one in force when left out")->check(one_version);
  show_command->add_flag("--json", json, "The signed document");
  show_command->callback([&] { code = cli::show_policy(constitution, json); });
  auto* history_command =
      policy_command->add_subcommand("history", "Every accepted constitution and the last refusals, newest first");
  history_command->add_option("--limit", kept, "At most so many of each (100)")->check(CLI::Range(1, 10'000));
  history_command->add_flag("--json", json, "As one JSON object");
  history_command->callback([&] { code = cli::policy_history(kept, json); });
  auto* diff_command = policy_command->add_subcommand("diff", "What differs between two constitutions");
  diff_command->add_option("from", constitution, "Version")->required()->check(one_version);
  diff_command->add_option("to", other, "Version; the one in force when left out")->check(one_version);
  diff_command->add_flag("--json", json, "As one JSON object");
  diff_command->callback([&] { code = cli::diff_policies(constitution, other, json); });
  auto* rollback_command =
      policy_command->add_subcommand("rollback", "Sign what an earlier version said as a new, higher version");
  rollback_command->add_option("version", constitution, "Whose text")->required()->check(one_version);
  rollback_command->add_flag("--json", json, "As one JSON object");
  rollback_command->callback([&] { code = cli::roll_back_policy(constitution, json); });

  auto* audit_command = app.add_subcommand("audit", "The audit chain")->require_subcommand(1);
  cli::AuditListOptions list;
  auto* list_command = audit_command->add_subcommand("list", "Records, one JSON object a line");
  list_command->add_option("--run", list.run, "Only of this run");
  list_command->add_option("--kind", list.kind, "Only of this kind; docs/audit.md lists them");
  list_command->add_option("--subject", list.subject, "Only what this subject is behind");
  list_command->add_option("--tenant", list.tenant, "Of this tenant; yours when absent");
  list_command->add_option("--since", list.since, "Not before this time (RFC 3339)");
  list_command->add_option("--until", list.until, "Not at or after this time (RFC 3339)");
  list_command->add_option("--after", list.after, "After this record");
  list_command->add_option("--limit", list.limit, "At most so many")->check(CLI::Range(1, 1000));
  list_command->callback([&] { code = cli::audit_list(list); });
  cli::AuditVerifyOptions verify;
  auto* verify_command = audit_command->add_subcommand(
      "verify", "Check every chain, the checkpoints and the lines outside the database; writes and signs nothing");
  verify_command->add_option("file", verify.file, "An export instead of the platform's own audit");
  verify_command->add_option("--key", verify.key,
                             "File with the public keys to trust (JWKS, or what `writ audit head --json` printed)");
  verify_command->add_option("--tenant", verify.tenant, "Only this tenant");
  verify_command->add_option("--expect,--since-head", verify.expect,
                             "NUMBER:HASH that `writ audit head` printed earlier and that must still be there");
  verify_command->add_flag("--json", verify.json, "As one JSON object");
  verify_command->callback([&] { code = cli::audit_verify(verify); });
  std::string export_file, export_tenant;
  auto* export_command =
      audit_command->add_subcommand("export", "Write all that a verification elsewhere needs, one JSON object a line");
  export_command->add_option("file", export_file, "A new file, or -")->required();
  export_command->add_option("--tenant", export_tenant, "Only this tenant");
  export_command->callback([&] { code = cli::audit_export(export_file, export_tenant); });
  auto* head_command = audit_command->add_subcommand("head", "Number and hash of the newest checkpoint, to note down");
  head_command->add_flag("--json", json, "With its time and the public keys, as one JSON object");
  head_command->callback([&] { code = cli::audit_head(json); });

  std::string review, answer, result, note;
  auto* review_command = app.add_subcommand("review", "Answer a review; WRIT_API_KEY is the reviewer's key");
  review_command->add_option("id", review, "Review")->required();
  review_command->add_option("answer", answer, "approve, deny, retry or done")
      ->required()
      ->check(CLI::IsMember({"approve", "deny", "retry", "done"}));
  review_command->add_option("--result", result, "done: what the tool returned, as JSON");
  review_command->add_option("--note", note, "Why");
  review_command->callback([&] { code = cli::review(review, answer, result, note); });

  app.add_subcommand("describe", "Settings, operations, metrics and error kinds as JSON")->callback([&] {
    code = cli::describe();
  });
  app.add_subcommand("openapi", "The public API as OpenAPI 3.1")->callback([&] { code = cli::openapi(); });
  auto* doctor_command = app.add_subcommand("doctor", "What is wrong and how to fix it");
  doctor_command->add_flag("--json", json, "As one JSON object");
  doctor_command->callback([&] { code = cli::doctor(json); });

  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  if (argc > 1 && argv[1][0] != '-' && std::ranges::find(commands, argv[1], &CLI::App::get_name) == commands.end()) {
    cli::print_line(stderr, "writ: there is no command " + std::string(argv[1]) + "; `writ --help` lists them");
    return cli::cannot_start;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int parsed = app.exit(error);
    return parsed == 0 ? cli::done : cli::cannot_start;
  }
  return code;
}
