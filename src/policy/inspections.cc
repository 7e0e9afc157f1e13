#include "policy/inspections.h"

#include <algorithm>

namespace writ::policy {

void Inspections::begin(const TenantId& tenant, const DecisionId& decision,
                        std::shared_ptr<const ActiveConstitution> active, WallTime expires_at, WallTime now) {
  const std::lock_guard lock(mutex_);
  if (outputs_.size() >= outputs_max)
    std::erase_if(outputs_, [&](const auto& entry) { return entry.second.expires_at <= now; });
  if (outputs_.size() >= outputs_max) return;  // its first piece is then refused, never let through unseen
  const auto& scanner = active->output_scanner();
  outputs_.try_emplace(
      Key{tenant, decision},
      Output{.active = std::move(active), .scanner = scan::WindowScanner(scanner), .expires_at = expires_at});
}

Result<Inspections::Seen> Inspections::feed(const TenantId& tenant, const InspectRequest& piece) {
  const std::lock_guard lock(mutex_);
  const auto it = outputs_.find(Key{tenant, piece.decision_id});
  if (it == outputs_.end()) return fail(not_found("no_decision", "no allowed model call of this id is on its way"));
  auto& output = it->second;
  const auto offset = static_cast<std::size_t>(piece.offset);
  Seen seen;
  const auto take = [&](const scan::Window& window) {
    output.release_upto = std::max(output.release_upto, window.release_upto);
    for (const auto& match : window.matches) {
      if (output.facts.insert(output.active->fact_of(match.pattern)).second)
        seen.new_facts.push_back(output.active->fact_of(match.pattern));
      // What a detector found stays until the rules have been asked about it.
      output.release_upto = std::min(output.release_upto, match.from);
    }
  };
  // A piece that was answered before (its answer was lost) is not fed twice.
  if (offset + piece.text.size() != output.scanner.total() || offset == output.scanner.total()) {
    if (offset != output.scanner.total())
      return fail(conflict("gap_in_output", "the piece does not follow the one before it"));
    WRIT_TRY(const auto window, output.scanner.feed(offset, piece.text));
    take(window);
  }
  if (piece.last && !output.finished) {
    WRIT_TRY(const auto window, output.scanner.finish());
    take(window);
    output.finished = true;
  }
  seen.release_upto = static_cast<std::int64_t>(output.release_upto);
  seen.all_facts.assign(output.facts.begin(), output.facts.end());
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

}  // namespace writ::policy
