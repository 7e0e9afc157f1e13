#include "cli/evaluation_server.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "app/data_privacy.h"
#include "cli/evaluation_bundle.h"

namespace writ::cli {
namespace {

constexpr int attempts_max = 6;                   // of one request, while the server says that it is busy
constexpr Seconds answer_max{600}, pause_max{60};  // the gateway gives an answer as long

/// What the body of an error says, in OpenAI's form or as a problem document.
std::string message_of(const http::ClientResponse& response) {
  const auto document = parse_json(response.body);
  const auto* object = document ? document->if_object() : nullptr;
  if (object != nullptr) {
    const auto* error = object->if_contains("error");
    if (error != nullptr && error->is_object()) return std::string(text_at(error->get_object(), "message"));
    if (const auto detail = text_at(*object, "detail"); !detail.empty()) return std::string(detail);
  }
  return response.body.substr(0, 200);
}

/// How long to wait before the same request; nothing where waiting does not help.
std::optional<Seconds> pause_of(const http::ClientResponse& response) {
  const auto text = response.header("Retry-After");
  std::int64_t seconds = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (!text.empty() && read.ec == std::errc() && seconds <= pause_max.count())
    return Seconds{std::max<std::int64_t>(seconds, 1)};
  if (response.status == 429 && text.empty()) return Seconds{2};
  return std::nullopt;
}

bool is_of_this_request(int status) { return status == 400 || status == 403 || status == 413 || status == 422; }

std::string fix_of(int status) {
  switch (status) {
    case 401: return "; give the server's API key with WRIT_API_KEY or --key";
    case 404: return "; give the URL as OpenAI's clients take it, and a model that the server has with --model";
    case 429: return "; the server allows no more: use a lower --jobs, or wait";
    default: return "";
  }
}

}  // namespace

Result<std::unique_ptr<EvaluationServer>> EvaluationServer::upstream(std::string_view url, std::string key) {
  while (url.ends_with('/')) url.remove_suffix(1);
  if (url.starts_with("https://"))
    return fail(invalid("bad_url",
                        "https is not spoken to upstreams yet: give the http:// address of a proxy on this machine "
                        "that speaks it"));
  std::unique_ptr<EvaluationServer> out(new EvaluationServer);
  out->loops_ = std::make_unique<async::Loops>(1);
  WRIT_TRY(out->client_, http::Client::create(std::string(url) + (url.ends_with("/v1") ? "" : "/v1")));
  out->key_ = Secret(std::move(key));
  return out;
}

Result<std::unique_ptr<EvaluationServer>> EvaluationServer::in_process(slm::SlmSettings settings,
                                                                       const std::string& model, std::int32_t jobs) {
  std::unique_ptr<EvaluationServer> out(new EvaluationServer);
  WRIT_TRY(auto folder, TemporaryFolder::make());
  out->folder_.emplace(std::move(folder));
  const auto& path = out->folder_->path();
  // Of the person's settings only the models count: secrets, rules and addresses belong to their platform, not to this one.
  auto own = app::read_settings(settings::Environment({})).settings;
  own.slm = std::move(settings);
  if (!model.empty()) own.slm.default_model = model;
  own.slm.slots = std::max(own.slm.slots, jobs);
  own.slm.shared_batch = own.slm.batch;  // nobody watches an answer come: what is done per second counts
  own.shared.data_dir = path / "data";
  own.shared.bind = "127.0.0.1";
  own.shared.port = 0;
  own.shared.log_level = "warn";
  const app::DataFolder data(own.shared.data_dir);
  WRIT_TRY(const auto rules, evaluation_bundle());
  for (const auto& rule : rules) WRIT_CHECK(app::write_private(path / "bundle" / rule.name, rule.text));
  WRIT_TRY([[maybe_unused]] const auto made, data.initialise(path / "bundle", system_clock(), system_random()));
  WRIT_TRY(out->platform_, app::Platform::make({.settings = std::move(own), .only = {}, .announce = false}));
  WRIT_CHECK(out->platform_->start());
  WRIT_TRY(out->key_, data.local_key());
  WRIT_TRY(out->client_, http::Client::create(out->platform_->address() + "/v1"));
  return out;
}

EvaluationServer::~EvaluationServer() {
  client_.reset();
  if (platform_) (void)platform_->stop();
}

Task<Result<EvaluationServer::Reply>> EvaluationServer::complete(Context ctx, json::object body) {
  http::ClientRequest request{.method = http::Method::post,
                              .target = "/chat/completions",
                              .content_type = "application/json",
                              .body = to_text(body)};
  if (!key_.empty()) request.headers.push_back({"Authorization", "Bearer " + std::string(key_.reveal())});
  for (int attempt = 1;; ++attempt) {
    auto sent = co_await client_->send(ctx.within(answer_max), request);
    if (!sent) co_return fail(std::move(sent.error()).while_doing("asking " + client_->base_url()));
    if (sent->status == 200) {
      WRIT_CO_TRY(auto completion, parse_json(sent->body));
      co_return Reply{.completion = std::move(completion)};
    }
    const auto told = fmt::format("HTTP {}: {}", sent->status, message_of(*sent));
    if (is_of_this_request(sent->status)) co_return Reply{.completion = std::nullopt, .refusal = told};
    const auto pause = pause_of(*sent);
    if (!pause || attempt == attempts_max)
      co_return fail(unavailable("not_answered", told + fix_of(sent->status), std::nullopt));
    if (!co_await async::sleep_for(*pause, ctx.cancel)) co_return fail(cancelled("evaluation"));
  }
}

}  // namespace writ::cli
