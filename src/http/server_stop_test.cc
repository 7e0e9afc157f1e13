// How the server stops: whoever was let in is answered, nobody else is.
#include <thread>

#include "http/server_fixture.h"

namespace writ::http {
namespace {

class ServerStopTest : public ServerTest {};

TEST_F(ServerStopTest, stopping_under_load_loses_no_answer) {
  start();
  std::atomic<int> answered{0}, lost{0};
  std::vector<std::jthread> clients;
  for (int c = 0; c < 4; ++c) {
    clients.emplace_back([&] {
      auto socket = connect();
      for (;;) {
        if (!socket.send(request(put_line, entitled(), R"({"text":"t"})"))) break;
        const auto answer = socket.read_answer();
        if (!is(answer, 200)) {
          ++lost;
          break;
        }
        ++answered;
        if (answer.find("Connection: close") != std::string::npos) break;
      }
    });
  }
  while (answered < 200) std::this_thread::yield();
  EXPECT_TRUE(server->stop(Seconds{10}));
  clients.clear();
  EXPECT_EQ(lost, 0);
  server.reset();
}

TEST_F(ServerStopTest, stopping_waits_for_a_request_at_work_and_refuses_new_connections) {
  start();
  const auto port = server->server->port();
  auto socket = connect();
  socket.send(request(put_line, entitled(), R"({"text":"gate"})"));
  while (notes.at_gate == 0) std::this_thread::yield();
  auto stopping = std::async(std::launch::async, [&] { return server->stop(Seconds{10}); });
  while (RawSocket(port).connected()) std::this_thread::yield();
  notes.gate.notify();
  const auto answer = socket.read_all();
  EXPECT_TRUE(is(answer, 200));
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(stopping.get());
  server.reset();
}

TEST_F(ServerStopTest, stopping_cancels_what_outlasts_the_patience) {
  start();
  auto socket = connect();
  socket.send(request(put_line, entitled(), R"({"text":"hold"})"));
  notes.entered.get_future().wait();
  EXPECT_TRUE(server->stop(Millis(50)));
  EXPECT_EQ(notes.left.get_future().get(), async::Woken::cancelled);
  EXPECT_TRUE(is(socket.read_all(), 499, "cancelled"));
  server.reset();
}

// Holds both loops, so that whoever connects meanwhile stays in the kernel's queue.
class HeldLoops {
 public:
  explicit HeldLoops(async::Loops& loops) {
    for (std::size_t i = 0; i < loops.size(); ++i)
      asio::post(loops.at(i), [this, released = released_] {
        ++held_;
        released.wait();
      });
    while (held_ < loops.size()) std::this_thread::yield();
  }
  void release() { release_.set_value(); }

 private:
  std::promise<void> release_;
  std::shared_future<void> released_ = release_.get_future().share();
  std::atomic<std::size_t> held_{0};
};

TEST_F(ServerStopTest, stopping_answers_everybody_who_waits_to_be_accepted) {
  start();
  constexpr int count = 400;
  HeldLoops held(loops);
  std::vector<std::unique_ptr<RawSocket>> clients;
  for (int i = 0; i < count; ++i) {
    clients.push_back(std::make_unique<RawSocket>(server->server->port()));
    ASSERT_TRUE(clients.back()->connected() && clients.back()->send(request("GET /v1/notes/n")));
  }
  auto stopping = std::async(std::launch::async, [&] { return server->stop(Seconds{10}); });
  held.release();
  int answered = 0;
  for (auto& client : clients) {
    if (is(client->read_all(), 200)) ++answered;
  }
  EXPECT_EQ(answered, count);
  EXPECT_TRUE(stopping.get());
  server.reset();
}

TEST_F(ServerStopTest, stopping_loses_no_answer_of_clients_that_connect_for_each) {
  start();
  const auto port = server->server->port();
  std::atomic<int> answered{0}, lost{0};
  std::vector<std::jthread> clients;
  for (int c = 0; c < 4; ++c) {
    clients.emplace_back([&, port](const std::stop_token& enough) {
      while (!enough.stop_requested()) {
        RawSocket socket(port);
        if (!socket.connected()) return;
        (void)socket.send(request("GET /v1/notes/n"));
        if (is(socket.read_answer(), 200)) ++answered;
        else ++lost;
      }
    });
  }
  while (answered < 200) std::this_thread::yield();
  EXPECT_TRUE(server->stop(Seconds{10}));
  for (auto& client : clients) client.request_stop();
  clients.clear();
  EXPECT_EQ(lost, 0);
  server.reset();
}

TEST_F(ServerStopTest, a_closed_door_lets_those_inside_go_on) {
  start();
  const auto port = server->server->port();
  auto inside = connect();
  inside.send(request(put_line, entitled(), R"({"text":"gate"})"));
  while (notes.at_gate == 0) std::this_thread::yield();
  loops.run([](Server* s) -> Task<void> { co_await s->close_door(); }(server->server.get()));
  EXPECT_FALSE(RawSocket(port).connected());
  notes.gate.notify();
  EXPECT_TRUE(is(inside.read_answer(), 200));
}

}  // namespace
}  // namespace writ::http
