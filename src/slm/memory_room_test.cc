#include "slm/memory_room.h"

#include <gtest/gtest.h>

#include "core/scratch_folder.h"

namespace writ::slm {
namespace {

class MemoryRoomTest : public testing::Test {
 protected:
  std::optional<Bytes> available() const { return memory_available(folder.path() / "proc", folder.path() / "cgroup"); }
  ScratchFolder folder;
};

TEST_F(MemoryRoomTest, the_machine_tells_what_is_free) {
  EXPECT_EQ(available(), std::nullopt);
  folder.write("proc/meminfo", "MemTotal:  9000 kB\nMemAvailable:   2048 kB\n");
  EXPECT_EQ(available(), Bytes{2048 * 1024});
}

TEST_F(MemoryRoomTest, a_control_group_may_leave_less) {
  folder.write("proc/meminfo", "MemAvailable:   2048 kB\n");
  folder.write("proc/self/cgroup", "0::/pod/x\n");
  folder.write("cgroup/pod/x/memory.max", "1000000\n");
  folder.write("cgroup/pod/x/memory.current", "400000\n");
  EXPECT_EQ(available(), Bytes{600'000});
  folder.write("cgroup/pod/x/memory.stat", "anon 5\ninactive_file 100000\n");
  EXPECT_EQ(available(), Bytes{700'000});
  folder.write("cgroup/pod/x/memory.max", "max\n");
  EXPECT_EQ(available(), Bytes{2048 * 1024});
}

TEST_F(MemoryRoomTest, this_machine_tells) { EXPECT_GT(memory_available().value_or(Bytes{}).value, 1 << 20); }

TEST_F(MemoryRoomTest, a_cache_that_does_not_fit_is_refused_with_the_settings_that_make_it_smaller) {
  const auto source = llama::ModelSource::open({.gguf = WRIT_MODELS "/tiny/writ-tiny.gguf"});
  ASSERT_TRUE(source);
  const llama::EngineLimits limits{.context_tokens = 2048, .slots = 4};
  const auto needed = memory_needed(*source, limits);
  EXPECT_GT(needed.value, memory_needed(*source, {.context_tokens = 1024, .slots = 4}).value);
  EXPECT_TRUE(check_memory(*source, limits, needed));
  EXPECT_TRUE(check_memory(*source, limits, std::nullopt));
  const auto refused = check_memory(*source, limits, needed - Bytes{1});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "model_memory");
  EXPECT_NE(refused.error().message.find("WRIT_SLM_CONTEXT"), std::string::npos) << refused.error().message;
}

}  // namespace
}  // namespace writ::slm
