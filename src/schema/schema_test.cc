#include <gtest/gtest.h>

#include <array>

#include "schema/codec.h"

namespace writ {
namespace {

enum class Colour { red, green };
struct Point {
  std::int64_t x = 0;
  double y = 0;
  static constexpr auto fields() {
    using namespace schema;
    return std::tuple(field("x", &Point::x, number(0, 9), "Across."),
                      field_or_default("y", &Point::y, real(-1, 1), "Up."));
  }
};
struct Shape {
  RunId run;
  std::string name;
  std::optional<Colour> colour;
  std::vector<Point> points;
  bool open = false;
  Tokens tokens;
  static constexpr auto fields() {
    using namespace schema;
    return std::tuple(field("run", &Shape::run, any, "Run."), field("name", &Shape::name, text(1, 5), "Name."),
                      field("colour", &Shape::colour, any, "Colour."),
                      field("points", &Shape::points, list(0, 2), "Corners."),
                      field_or_default("open", &Shape::open, any, "Open?"),
                      field_or_default("tokens", &Shape::tokens, number(0, 100), "Tokens."));
  }
};

}  // namespace
template <>
struct schema::EnumNames<Colour> {
  static constexpr auto value =
      std::array{std::pair{Colour::red, std::string_view("red")}, std::pair{Colour::green, std::string_view("green")}};
};
namespace {

Result<Shape> decode_text(std::string_view text, schema::DecodeOptions options = {}) {
  WRIT_TRY(const auto document, parse_json(text));
  return schema::decode<Shape>(document, options);
}

TEST(Schema, names_every_problem_at_its_json_pointer) {
  const auto shape =
      decode_text(R"({"run":"ses_1","name":"","colour":"blue","points":[{"x":10},{"y":2}],"extra/~":1,"open":"no"})");
  ASSERT_FALSE(shape);
  const std::vector<Problem> expected{{"/run", "must begin with run_"},         {"/name", "must be 1 to 5 bytes long"},
                                      {"/colour", "must be one of red, green"}, {"/points/0/x", "must be 0 to 9"},
                                      {"/points/1/x", "is required"},           {"/points/1/y", "must be -1 to 1"},
                                      {"/open", "must be true or false"},       {"/extra~1~0", "is not a known field"}};
  EXPECT_EQ(shape.error().problems, expected);
}

TEST(Schema, encode_is_the_inverse_of_decode) {
  const auto text =
      R"({"run":"run_1","name":"tri","colour":"green","points":[{"x":1,"y":0.5}],"open":true,"tokens":7})";
  const auto shape = decode_text(text);
  ASSERT_TRUE(shape);
  EXPECT_EQ(to_text(schema::encode(*shape)),
            R"({"run":"run_1","name":"tri","colour":"green","points":[{"x":1,"y":0.5}],"open":true,"tokens":7})");
}

TEST(Schema, absent_optionals_are_not_written_and_defaults_hold) {
  const auto shape = decode_text(R"({"run":"run_1","name":"tri","points":[]})");
  ASSERT_TRUE(shape);
  EXPECT_EQ(schema::encode(*shape).as_object().if_contains("colour"), nullptr);
  EXPECT_FALSE(shape->open);
}

TEST(Schema, text_scalars_are_only_for_paths_and_queries) {
  json::value query = {{"run", "run_1"}, {"name", "q"}, {"points", json::array()}, {"open", "true"}, {"tokens", "12"}};
  EXPECT_FALSE(schema::decode<Shape>(query));
  const auto shape = schema::decode<Shape>(query, {.scalars = schema::Scalars::text});
  ASSERT_TRUE(shape);
  EXPECT_EQ(shape->tokens.value, 12);
}

TEST(Schema, unknown_fields_are_ignored_where_asked) {
  EXPECT_TRUE(decode_text(R"({"run":"run_1","name":"n","points":[],"new":1})", {.unknown = schema::Unknown::ignore}));
}

TEST(Schema, describes_itself_as_json_schema) {
  const auto described = schema::describe<Shape>();
  const auto& colour = described.at("properties").at("colour");
  EXPECT_EQ(colour.at("enum").as_array().size(), 3U) << "null is as good as absent, and is said to be";
  EXPECT_EQ(colour.at("type"), json::value(json::array{"string", "null"}));
  EXPECT_EQ(described.at("properties").at("run").at("pattern"), "^run_");
  EXPECT_EQ(described.at("properties").at("run").at("minLength"), 1);
  EXPECT_EQ(described.at("properties").at("points").at("items").at("properties").at("x").at("maximum"), 9);
  EXPECT_EQ(described.at("required").as_array().size(), 3U);
}

}  // namespace
}  // namespace writ
