// InputBuffer: bytes received from a socket and not yet parsed.
#pragma once

#include <string_view>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "async/task.h"

namespace writ::http {

using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

/// Consuming never moves the bytes, so that a read may be under way meanwhile.
class InputBuffer {
 public:
  [[nodiscard]] std::string_view bytes() const { return {data_.data() + begin_, end_ - begin_}; }
  [[nodiscard]] bool empty() const { return begin_ == end_; }
  void consume(std::size_t n) { begin_ += n; }
  /// Room for a read; moves what is there. Not while a read is under way.
  [[nodiscard]] asio::mutable_buffer prepare(std::size_t n);
  void commit(std::size_t n) { end_ += n; }

 private:
  std::vector<char> data_;
  std::size_t begin_ = 0, end_ = 0;
};

}  // namespace writ::http
