#include "policy/inspections.h"

#include <algorithm>

#include "crypto/hash.h"

namespace writ::policy {
namespace {

Error changed() { return conflict("output_changed", "this is not the text that was scanned before"); }

// What of the piece was scanned before is what the scanner still holds of it.
bool agrees(const scan::WindowScanner& scanner, std::size_t offset, std::string_view text) {
  const auto from = std::max(offset, scanner.place().start);
  const auto upto = std::min(offset + text.size(), scanner.total());
  if (from >= upto) return true;
  return text.substr(from - offset, upto - from) == scanner.held().substr(from - scanner.place().start, upto - from);
}

}  // namespace

void Inspections::make_room(const TenantId& tenant) {
  if (outputs_.size() < outputs_max) return;
  // The tenant's oldest, else anybody's: it is rebuilt when its next piece comes.
  const auto own = outputs_.lower_bound(Key{tenant, DecisionId()});
  outputs_.erase(own != outputs_.end() && own->first.first == tenant ? own : outputs_.begin());
}

void Inspections::begin(const TenantId& tenant, const DecisionId& decision,
                        std::shared_ptr<const ActiveConstitution> active, WallTime expires_at) {
  const std::lock_guard lock(mutex_);
  make_room(tenant);
  const auto& scanner = active->output_scanner();
  outputs_.try_emplace(
      Key{tenant, decision},
      Output{.active = std::move(active), .scanner = scan::WindowScanner(scanner), .expires_at = expires_at});
}

bool Inspections::follows(const TenantId& tenant, const DecisionId& decision) const {
  const std::lock_guard lock(mutex_);
  return outputs_.contains(Key{tenant, decision});
}

Result<Inspections::Seen> Inspections::feed(const TenantId& tenant, const InspectRequest& piece) {
  const std::lock_guard lock(mutex_);
  const auto it = outputs_.find(Key{tenant, piece.decision_id});
  if (it == outputs_.end()) return fail(not_found("no_decision", "no allowed model call of this id is on its way"));
  return feed(it->second, piece);
}

Result<Inspections::Seen> Inspections::resume(const TenantId& tenant, const InspectRequest& piece,
                                              const OutputPlace& place,
                                              std::shared_ptr<const ActiveConstitution> active, WallTime expires_at) {
  const auto held = static_cast<std::size_t>(place.scanned - place.held_from);
  if (piece.offset != place.held_from || piece.text.size() < held)
    return Seen{.release_upto = place.release_upto, .new_facts = {}, .resend_from = place.held_from, .place = place};
  const auto again = std::string_view(piece.text).substr(0, held);
  if (held > 0 && crypto::sha256_hex(again) != place.held_hash) return fail(changed());
  const std::lock_guard lock(mutex_);
  make_room(tenant);
  const auto& scanner = active->output_scanner();
  const scan::WindowScanner::Place at{.start = static_cast<std::size_t>(place.held_from),
                                      .decided = static_cast<std::size_t>(place.decided),
                                      .released = static_cast<std::size_t>(place.release_upto),
                                      .total = static_cast<std::size_t>(place.scanned)};
  const auto [it, is_new] = outputs_.try_emplace(Key{tenant, piece.decision_id},
                                                 Output{.active = std::move(active),
                                                        .scanner = scan::WindowScanner::resume(scanner, at, again),
                                                        .expires_at = expires_at,
                                                        .facts = {place.facts.begin(), place.facts.end()},
                                                        .release_upto = static_cast<std::size_t>(place.release_upto)});
  return feed(it->second, piece);
}

Result<Inspections::Seen> Inspections::feed(Output& output, const InspectRequest& piece) {
  auto& scanner = output.scanner;
  const auto offset = static_cast<std::size_t>(piece.offset), total = scanner.total();
  const auto held_from = scanner.place().start, committed = output.release_upto;
  Seen seen;
  const auto take = [&](const scan::Window& window) {
    output.release_upto = std::max(output.release_upto, window.release_upto);
    for (const auto& match : window.matches) {
      if (output.facts.insert(output.active->fact_of(match.pattern)).second)
        seen.new_facts.push_back(output.active->fact_of(match.pattern));
      // What a detector found stays until the rules have been asked about it.
      output.release_upto = std::min(output.release_upto, std::max(committed, match.from));
    }
  };
  const bool again = offset < total;
  if (again && !agrees(scanner, offset, piece.text)) return fail(changed());
  if (offset > total || (again && offset != held_from && offset + piece.text.size() != total)) {
    seen.resend_from = static_cast<std::int64_t>(held_from);
  } else {
    if (const auto news = std::string_view(piece.text).substr(std::min(piece.text.size(), total - offset));
        !news.empty()) {
      WRIT_TRY(const auto window, scanner.feed(total, news));
      take(window);
    }
    if (piece.last && !output.finished) {
      WRIT_TRY(const auto window, scanner.finish());
      take(window);
      output.finished = true;
    }
    // Nobody may have learnt of what was found before: it is told again, and stays until the rules have been asked.
    if (again && !output.facts.empty()) {
      seen.new_facts.assign(output.facts.begin(), output.facts.end());
      output.release_upto = committed;
    }
  }
  const auto place = scanner.place();
  seen.release_upto = static_cast<std::int64_t>(output.release_upto);
  seen.place = {.release_upto = seen.release_upto,
                .held_from = static_cast<std::int64_t>(place.start),
                .decided = static_cast<std::int64_t>(place.decided),
                .scanned = static_cast<std::int64_t>(place.total),
                .held_hash = crypto::sha256_hex(scanner.held()),
                .facts = {output.facts.begin(), output.facts.end()}};
  return seen;
}

std::vector<std::string> Inspections::facts(const TenantId& tenant, const DecisionId& decision) const {
  const std::lock_guard lock(mutex_);
  const auto it = outputs_.find(Key{tenant, decision});
  if (it == outputs_.end()) return {};
  return {it->second.facts.begin(), it->second.facts.end()};
}

void Inspections::end(const TenantId& tenant, const DecisionId& decision) {
  const std::lock_guard lock(mutex_);
  outputs_.erase(Key{tenant, decision});
}

std::size_t Inspections::prune(WallTime now) {
  const std::lock_guard lock(mutex_);
  std::erase_if(outputs_, [&](const auto& entry) { return entry.second.expires_at <= now; });
  return outputs_.size();
}

}  // namespace writ::policy
