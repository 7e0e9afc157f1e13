#include "observability/line_queue.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include "core/bounded_write.h"
#include "observability/log.h"

namespace writ::observability {
namespace {

struct Pipe {
  Pipe() { EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0); }
  ~Pipe() {
    close_reader();
    ::close(ends[1]);
  }
  void close_reader() {
    if (ends[0] >= 0) ::close(ends[0]);
    ends[0] = -1;
  }
  /// What is in it now and comes within a second, up to `mark`.
  std::string read_until(std::string_view mark) {
    std::string out;
    char bytes[4096];
    while (out.find(mark) == std::string::npos) {
      const auto n = ::read(ends[0], bytes, sizeof bytes);
      if (n <= 0) break;
      out.append(bytes, static_cast<std::size_t>(n));
    }
    return out;
  }
  int ends[2];
};

TEST(LineQueue, writes_lines_whole_and_in_order) {
  Pipe pipe;
  LineQueue lines(pipe.ends[1]);
  for (int i = 0; i < 100; ++i) lines.push(std::to_string(i) + "\n");
  ASSERT_TRUE(lines.flush(Seconds{10}));
  const auto text = pipe.read_until("99\n");
  EXPECT_TRUE(text.starts_with("0\n1\n2\n"));
  EXPECT_EQ(lines.dropped(), 0U);
}

TEST(LineQueue, a_reader_who_sleeps_holds_up_nobody_and_is_told_what_was_lost) {
  Pipe pipe;
  LineQueue lines(pipe.ends[1], "policy", 256 * 1024);
  const Logger log("policy", Level::info, [&lines](std::string_view line) { lines.push(line); });
  const std::string long_text(1000, 'x');
  for (int i = 0; i < 2000; ++i) log.info("refused", {{"text", long_text}});  // 2 MB; pipe and queue hold 0.3
  const auto lost = lines.dropped();
  EXPECT_GT(lost, 1000U);
  EXPECT_FALSE(lines.flush(Millis{50})) << "nobody reads";
  auto text = pipe.read_until("log_lines_dropped");
  EXPECT_NE(text.find("\"event\":\"refused\""), std::string::npos);
  log.info("the_last_one");
  text += pipe.read_until("the_last_one");
  EXPECT_NE(text.find("\"event\":\"log_lines_dropped\",\"count\":" + std::to_string(lost) + "}"), std::string::npos);
  EXPECT_NE(text.find("the_last_one"), std::string::npos);
}

TEST(LineQueue, its_end_does_not_wait_for_a_reader) {
  Pipe pipe;
  const auto begun = std::chrono::steady_clock::now();
  {
    LineQueue lines(pipe.ends[1]);
    lines.push(std::string(200'000, 'x') + "\n");
    EXPECT_FALSE(lines.flush(Millis{50}));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begun, Seconds{5});
}

TEST(LineQueue, lines_for_a_full_disk_or_a_closed_pipe_are_counted) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  LineQueue disk(full);
  for (int i = 0; i < 10; ++i) disk.push("line\n");
  ASSERT_TRUE(disk.flush(Seconds{10}));
  EXPECT_EQ(disk.dropped(), 10U);
  Pipe pipe;
  pipe.close_reader();
  ::signal(SIGPIPE, SIG_IGN);
  LineQueue closed(pipe.ends[1]);
  closed.push("line\n");
  ASSERT_TRUE(closed.flush(Seconds{10}));
  EXPECT_EQ(closed.dropped(), 1U);
}

TEST(BoundedWrite, gives_up_on_a_pipe_that_nobody_reads_and_says_how_far_it_came) {
  Pipe pipe;
  const std::string text(1U << 20U, 'x');
  const auto written = write_within(pipe.ends[1], text, Millis{20});
  EXPECT_GT(written.bytes, 0U);
  EXPECT_LT(written.bytes, text.size());
  EXPECT_FALSE(written.broken);
}

}  // namespace
}  // namespace writ::observability
