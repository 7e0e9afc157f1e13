#include "http/port_contract.h"

#include "http/sample_operations.h"

namespace writ::http {
namespace {

TEST(PortContract, holds_for_a_scoped_operation_with_path_and_body) {
  contract::check_unary(sample::put,
                        {.note_id = "a/ü b", .text = "line\nline", .count = 3, .tags = {"x"}, .loud = true},
                        {.note_id = "n", .text = std::string(100'000, 'y')});
}

TEST(PortContract, holds_for_an_open_operation_with_a_query) {
  contract::check_unary(sample::find, {.note_id = "n", .count = 7, .weight = 0.25, .loud = true, .ids = {1, 2}},
                        {.note_id = "m"});
}

TEST(PortContract, holds_for_an_internal_operation_of_named_callers) {
  contract::check_unary(sample::ask, {.note_id = "n", .text = "t"}, {.note_id = "n", .text = "u"});
}

TEST(PortContract, holds_for_a_stream) {
  contract::check_stream(sample::watch, {.note_id = "n", .after = 3}, {.seq = 5, .text = "a\nb"});
}

}  // namespace
}  // namespace writ::http
