#include "http/input_buffer.h"

#include <cstring>
#include <utility>

namespace writ::http {

asio::mutable_buffer InputBuffer::prepare(std::size_t n) {
  if (begin_ == end_) begin_ = end_ = 0;
  if (data_.size() - end_ < n && begin_ > 0) {
    std::memmove(data_.data(), data_.data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
  }
  if (data_.size() - end_ < n) data_.resize(end_ + n);
  return asio::buffer(data_.data() + end_, n);
}

}  // namespace writ::http
