#include "http/connection_table.h"

#include <utility>

namespace writ::http {

void ConnectionTable::enter(Seat& seat, std::string peer, bool is_full) {
  auto& of_peer = peers_[peer];
  const bool has_share = of_peer.seats >= peer_max_;
  if (has_share || is_full) {
    auto& waiting = has_share ? of_peer.waiting : waiting_;
    if (!waiting.empty()) {
      evict(*waiting.front());
    } else {
      if (reserve_.size() >= reserve_max_) evict(*reserve_.front());
      seat.is_reserve_ = true;
    }
  }
  seat.peer_ = std::move(peer);
  seat.is_seated_ = true;
  if (seat.is_reserve_) {
    reserve_.push_back(&seat);
    if (const auto mine = peers_.find(seat.peer_); mine != peers_.end() && mine->second.seats == 0) peers_.erase(mine);
    return;
  }
  ++peers_[seat.peer_].seats;
  seat.at_peer_ = seat.of_peer_.insert(seat.of_peer_.end(), &seat);
  seat.at_all_ = seat.of_all_.insert(seat.of_all_.end(), &seat);
  wait(seat);
}

void ConnectionTable::leave(Seat& seat) {
  if (!seat.is_seated_) return;
  if (seat.is_reserve_) {
    seat.is_seated_ = false;
    reserve_.remove(&seat);
    return;
  }
  work(seat);
  seat.is_seated_ = false;
  const auto mine = peers_.find(seat.peer_);
  if (--mine->second.seats == 0) peers_.erase(mine);
}

void ConnectionTable::wait(Seat& seat) {
  if (!seat.is_seated_ || seat.is_reserve_ || std::exchange(seat.is_waiting_, true)) return;
  auto& of_peer = peers_.find(seat.peer_)->second.waiting;
  of_peer.splice(of_peer.end(), seat.of_peer_);
  waiting_.splice(waiting_.end(), seat.of_all_);
}

// A node that moves between lists keeps its iterator.
void ConnectionTable::work(Seat& seat) {
  if (!seat.is_seated_ || seat.is_reserve_ || !std::exchange(seat.is_waiting_, false)) return;
  auto& of_peer = peers_.find(seat.peer_)->second.waiting;
  seat.of_peer_.splice(seat.of_peer_.end(), of_peer, seat.at_peer_);
  seat.of_all_.splice(seat.of_all_.end(), waiting_, seat.at_all_);
}

void ConnectionTable::evict(Seat& seat) {
  leave(seat);
  seat.evict();
}

bool ConnectionTable::evict_one() {
  auto& from = waiting_.empty() ? reserve_ : waiting_;
  if (from.empty()) return false;
  evict(*from.front());
  return true;
}

}  // namespace writ::http
