// ConnectionTable: the connections of one loop: who gets in, and who goes for them when it is full.
#pragma once

#include <list>
#include <map>
#include <string>

namespace writ::http {

class ConnectionTable;

/// What the table keeps of a connection. All on the connection's loop.
class Seat {
 public:
  virtual ~Seat() = default;
  /// Whether it may only ask the operators' probes, and is closed after one answer.
  [[nodiscard]] bool is_reserve() const { return is_reserve_; }

 protected:
  /// The table has taken the seat away: close.
  virtual void evict() = 0;

 private:
  friend class ConnectionTable;
  using Seats = std::list<Seat*>;
  std::string peer_;
  Seats of_peer_, of_all_;  // this seat's nodes, while it stands in no list of the table
  Seats::iterator at_peer_, at_all_;  // of the same nodes, wherever they are
  bool is_seated_ = false, is_waiting_ = false, is_reserve_ = false;
};

/// A connection *waits* from its begin, or from its last answer, until the whole head of a request is there: who waits asks
/// nothing yet and may be closed at any time (RFC 9112 section 9.5). When there is no room, the longest waiting goes: of the
/// same peer when that has its share, else of all. When nobody waits, a few reserve seats are left, from which the
/// operators' probes are answered and everybody else hears 503.
class ConnectionTable {
 public:
  /// peer_max, reserve_max: seats of one peer on this loop, and of the reserve; at least 1 each.
  ConnectionTable(std::size_t peer_max, std::size_t reserve_max) : peer_max_(peer_max), reserve_max_(reserve_max) {}

  /// is_full: the server has all connections that it may have. May evict another.
  void enter(Seat& seat, std::string peer, bool is_full);
  void leave(Seat& seat);
  void wait(Seat& seat);  // the last of all that wait
  void work(Seat& seat);
  /// Frees a file descriptor: false when nobody waits.
  bool evict_one();

 private:
  struct Peer {
    std::size_t seats = 0;
    Seat::Seats waiting;
  };
  void evict(Seat& seat);

  const std::size_t peer_max_, reserve_max_;
  std::map<std::string, Peer, std::less<>> peers_;  // of whoever has a seat
  Seat::Seats waiting_, reserve_;  // longest first; the reserve's stand in its own list only
};

}  // namespace writ::http
