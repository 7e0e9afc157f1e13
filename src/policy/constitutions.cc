#include "policy/constitutions.h"

#include <fstream>

#include <fmt/format.h>

#include "crypto/hash.h"

namespace writ::policy {
namespace {

constexpr std::size_t text_max = 16U << 20U;  // bytes: rules, schema and ten thousand patterns with room
constexpr std::size_t events_max = 100;       // the log is told after each look

Result<std::string> read_file(const std::filesystem::path& file, std::string_view fix) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(invalid("no_constitution", fmt::format("cannot read {}: {}", file.string(), fix)));
  std::string out(text_max + 1, '\0');
  in.read(out.data(), static_cast<std::streamsize>(out.size()));
  out.resize(static_cast<std::size_t>(in.gcount()));
  if (out.size() > text_max)
    return fail(invalid("bad_constitution", fmt::format("{} has more than {} bytes", file.string(), text_max)));
  return out;
}

Result<crypto::KeySet> read_signers(const std::filesystem::path& file) {
  WRIT_TRY(const auto text, read_file(file, "run writ init, or set WRIT_POLICY_SIGNERS"));
  const auto jwks = parse_json(text);
  if (!jwks) return fail(invalid("bad_constitution", file.string() + " is not JSON"));
  return crypto::KeySet::from_jwks(*jwks);
}

// Whether the same text will be refused again: then it is asked about once.
bool is_final(const Error& error) { return error.kind == ErrorKind::invalid || error.kind == ErrorKind::conflict; }

json::object named(const ActiveConstitution& c) {
  return {{"version", c.text().version},
          {"hash", c.hash()},
          {"valid_from", to_rfc3339(c.text().valid_from)},
          {"stale_at", to_rfc3339(c.stale_at())}};
}

}  // namespace

Task<Result<Constitutions::Active>> Constitutions::compiled(Context ctx, std::string signed_text) {
  auto work = [signers = files_.signers, text = std::move(signed_text)]() -> Result<Active> {
    WRIT_TRY(const auto keys, read_signers(signers));
    WRIT_TRY(auto verified, verify_constitution(text, keys));
    return ActiveConstitution::activate(std::move(verified));
  };
  return pool_.run(std::move(ctx), std::move(work));
}

// What was in force when the process ended is in force again, whatever the file and the clock say now.
Task<Status> Constitutions::load_kept(Context ctx) {
  WRIT_CO_TRY(const auto kept, co_await store_.current(ctx));
  for (const auto& one : kept) {
    auto made = co_await compiled(ctx, one.signed_text);
    if (!made && !is_final(made.error())) co_return fail(std::move(made).error());
    if (!made) {
      // Its signer is no longer trusted, or this binary refuses it: it is not in force, and still a floor.
      const std::lock_guard lock(mutex_);
      happened({.what = ConstitutionEvent::What::refused, .version = {}, .error = std::move(made).error()});
      continue;
    }
    if (one.record.state == ConstitutionState::active) put_in_force(std::move(*made));
    else put_waiting(std::move(*made));
  }
  co_return Status{};
}

Task<Status> Constitutions::start(Context ctx) {
  WRIT_CO_CHECK(co_await load_kept(ctx));
  auto looked = co_await refresh(std::move(ctx));
  if (looked) co_return looked;
  const std::lock_guard lock(mutex_);
  if (!active_ && pending_.empty()) co_return looked;
  co_return Status{};
}

Task<Status> Constitutions::refresh(Context ctx) {
  auto read = [file = files_.constitution] {
    return read_file(file, "run writ init, or set WRIT_POLICY_CONSTITUTION");
  };
  auto text = co_await pool_.run(ctx, std::move(read));
  if (!text && !is_final(text.error())) co_return fail(std::move(text).error());
  auto answer = text ? crypto::sha256_hex(*text) : text.error().message;
  Status looked;
  if (answer != answered_) {
    if (text) looked = co_await accept(ctx, std::move(*text));
    else looked = fail(text.error());
    if (!looked && !is_final(looked.error())) co_return looked;
    if (!looked) WRIT_CO_CHECK(co_await refuse(ctx, text ? answer : std::string(), looked.error()));
    answered_ = std::move(answer);
  }
  WRIT_CO_CHECK(co_await activate_due(std::move(ctx)));
  co_return looked;
}

Task<Status> Constitutions::accept(Context ctx, std::string signed_text) {
  WRIT_CO_TRY(auto made, co_await compiled(ctx, signed_text));
  if (clock_.now() >= made->stale_at())
    co_return fail(invalid("bad_constitution",
                           fmt::format("its max_age was over at {}: sign it anew", to_rfc3339(made->stale_at()))));
  WRIT_CO_TRY(const auto record, co_await store_.accept(std::move(ctx), {.version = made->text().version,
                                                                         .hash = made->hash(),
                                                                         .signed_text = std::move(signed_text),
                                                                         .valid_from = made->text().valid_from}));
  if (record.state == ConstitutionState::active) put_in_force(std::move(made));
  else put_waiting(std::move(made));
  const std::lock_guard lock(mutex_);
  refusal_.reset();
  co_return Status{};
}

Task<Status> Constitutions::activate_due(Context ctx) {
  for (;;) {
    Active due;
    {
      const std::lock_guard lock(mutex_);
      // The highest of those whose time has come: the others are passed over.
      for (const auto& [version, waiting] : pending_)
        if (waiting->text().valid_from <= clock_.now()) due = waiting;
    }
    if (!due) co_return Status{};
    WRIT_CO_CHECK(co_await store_.activate(ctx, due->text().version));
    put_in_force(std::move(due));
  }
}

// A file that cannot be read was not offered: the log and readiness say so, not the audit.
Task<Status> Constitutions::refuse(Context ctx, std::string hash, Error error) {
  const bool is_offered = !hash.empty();
  ConstitutionRefusal refusal{
      .at = clock_.now(), .hash = std::move(hash), .code = error.code, .message = error.message};
  {
    const std::lock_guard lock(mutex_);
    refusal_ = refusal;
    happened({.what = is_offered ? ConstitutionEvent::What::refused : ConstitutionEvent::What::unreadable,
              .version = {},
              .error = std::move(error)});
  }
  if (!is_offered) co_return Status{};
  co_return co_await store_.refuse(std::move(ctx), std::move(refusal));
}

void Constitutions::happened(ConstitutionEvent event) {
  if (events_.size() < events_max) events_.push_back(std::move(event));
}

void Constitutions::put_in_force(Active active) {
  const std::lock_guard lock(mutex_);
  const auto version = active->text().version;
  std::erase_if(pending_, [version](const auto& entry) { return entry.first <= version; });
  if (active_ && active_->text().version >= version) return;
  happened({.what = ConstitutionEvent::What::activated, .version = active->version(), .error = {}});
  active_ = std::move(active);
}

void Constitutions::put_waiting(Active active) {
  const std::lock_guard lock(mutex_);
  const auto version = active->text().version;
  if (active_ && active_->text().version >= version) return;
  const auto name = active->version();
  if (pending_.emplace(version, std::move(active)).second)
    happened({.what = ConstitutionEvent::What::pending, .version = name, .error = {}});
}

std::shared_ptr<const ActiveConstitution> Constitutions::in_force() const {
  const std::lock_guard lock(mutex_);
  return active_;
}

Result<std::shared_ptr<const ActiveConstitution>> Constitutions::active() const {
  Active out, next;
  {
    const std::lock_guard lock(mutex_);
    out = active_;
    if (!pending_.empty()) next = pending_.begin()->second;
  }
  if (!out && next)
    return fail(unavailable("no_constitution", fmt::format("no constitution is in force before {}, when version {} is",
                                                           to_rfc3339(next->text().valid_from), next->text().version)));
  if (!out) return fail(unavailable("no_constitution", "no constitution is in force"));
  if (clock_.now() >= out->stale_at())
    return fail(unavailable("constitution_expired", "the constitution is older than its max_age; sign a new one"));
  return out;
}

std::vector<ConstitutionEvent> Constitutions::take_events() {
  const std::lock_guard lock(mutex_);
  return std::exchange(events_, {});
}

json::object Constitutions::detail() const {
  const std::lock_guard lock(mutex_);
  json::object out;
  if (active_) out = named(*active_);
  json::array waiting;
  for (const auto& [version, one] : pending_) waiting.push_back(named(*one));
  if (!waiting.empty()) out["pending"] = std::move(waiting);
  // The message can name files and rules; `writ policy history` and the audit have it.
  if (refusal_) out["refused"] = {{"at", to_rfc3339(refusal_->at)}, {"code", refusal_->code}};
  return out;
}

}  // namespace writ::policy
