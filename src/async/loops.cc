#include "async/loops.h"

#include <pthread.h>

#include <functional>
#include <string>

#include "core/assert.h"

namespace writ::async {

struct Loops::Loop {
  asio::io_context io{1};
  asio::executor_work_guard<Executor> work{io.get_executor()};
  std::thread thread;
};

Loops::Loops(std::size_t count) {
  WRIT_ASSERT(count >= 1 && count <= 64, "a sane number of loops");
  for (std::size_t i = 0; i < count; ++i) {
    auto& loop = *loops_.emplace_back(std::make_unique<Loop>());
    loop.thread = std::thread([&loop, i] {
      pthread_setname_np(pthread_self(), ("io-" + std::to_string(i)).c_str());
      loop.io.run();
    });
  }
}

Loops::~Loops() { stop(); }

Executor Loops::at(std::size_t index) { return loops_.at(index % loops_.size())->io.get_executor(); }

Executor Loops::owner_of(std::string_view key) { return at(std::hash<std::string_view>{}(key)); }

void Loops::stop() {
  for (auto& loop : loops_) {
    loop->work.reset();
    loop->io.stop();
  }
  for (auto& loop : loops_)
    if (loop->thread.joinable()) loop->thread.join();
}

}  // namespace writ::async
