#include "observability/span.h"

#include <gtest/gtest.h>

namespace writ::observability {
namespace {

constexpr std::string_view example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(Traceparent, round_trips) {
  const auto trace = parse_traceparent(example);
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(format_traceparent(*trace), example);
  EXPECT_EQ(format_traceparent({}), "");
}

TEST(Traceparent, a_later_version_is_read_as_far_as_ours_goes) {
  EXPECT_TRUE(parse_traceparent("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"));
}

TEST(Traceparent, refuses_what_the_standard_refuses) {
  for (auto bad : {"", "00", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                   "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                   "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                   "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                   "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
                   "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
                   "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x"})
    EXPECT_FALSE(parse_traceparent(bad)) << bad;
}

TEST(Trace, a_child_keeps_the_trace_and_has_its_own_span) {
  const auto parent = new_trace();
  const auto child = child_of(parent);
  EXPECT_EQ(child.trace_id, parent.trace_id);
  EXPECT_NE(child.span_id, parent.span_id);
  EXPECT_TRUE(parse_traceparent(format_traceparent(child)));
  EXPECT_TRUE(parse_traceparent(format_traceparent(child_of({}))));
}

}  // namespace
}  // namespace writ::observability
