#include <gtest/gtest.h>

#include "http/request_input.h"
#include "http/sample_operations.h"

namespace writ::http {
namespace {

using sample::Find;
using sample::Note;
using sample::Watch;

/// A request whose fields are JSON themselves.
struct Loose {
  json::object object;
  json::array array;
  json::value value;
  std::optional<json::object> maybe;
  static constexpr auto fields() {
    using namespace schema;
    return std::tuple(field("object", &Loose::object, any, "Object."), field("array", &Loose::array, any, "Array."),
                      field("value", &Loose::value, any, "Any."), field("maybe", &Loose::maybe, any, "Maybe."));
  }
};
constexpr Unary<Loose, Loose> loose{{.id = "sample.loose",
                                     .method = Method::post,
                                     .path = "/v1/loose",
                                     .summary = "Anything.",
                                     .exposure = public_door,
                                     .access = open}};

template <class In, class Op>
Result<In> decode(const Op& op, std::string_view target, std::string_view body, PathValues params = {{"note_id", "n1"}},
                  std::vector<HeaderView> headers = {{"content-type", "application/json; charset=utf-8"}}) {
  RequestHead head;
  head.target = target;
  head.headers = headers;
  return decode_input<In>(*make_input<In>(op.info), head, params, body);
}

TEST(RequestInput, path_query_and_body_make_one_document) {
  const auto note = decode<Note>(sample::put, "/v1/notes/n1?count=3&loud=true&tags=a&tags=b", R"({"text":"t"})");
  ASSERT_TRUE(note) << note.error().message;
  EXPECT_EQ(note->note_id, "n1");
  EXPECT_EQ(note->count, 3);
  EXPECT_EQ(note->tags, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(note->loud, true);
}

TEST(RequestInput, what_was_decoded_outlives_the_document) {
  constexpr std::string_view inner =
      R"({"name":"longer than what fits into a small string","list":[1,"two",{"three":3}]})";
  std::string body = "{\"object\":";
  body.append(inner).append(",\"array\":[").append(inner).append("],\"value\":").append(inner);
  body.append(",\"maybe\":").append(inner).append("}");
  const auto out = decode<Loose>(loose, "/v1/loose", body, {});
  ASSERT_TRUE(out) << out.error().message;
  EXPECT_EQ(to_text(out->object), inner);
  EXPECT_EQ(to_text(out->array), "[" + std::string(inner) + "]");
  EXPECT_EQ(to_text(out->value), inner);
  EXPECT_EQ(to_text(*out->maybe), inner);
}

TEST(RequestInput, a_document_larger_than_the_first_block_is_read_whole) {
  const std::string text(1000, 'x');
  json::array items;
  for (int i = 0; i < 100; ++i) items.emplace_back(text);
  const auto body = to_text(json::object{{"object", json::object()}, {"array", items}, {"value", 1}});
  const auto out = decode<Loose>(loose, "/v1/loose", body, {});
  ASSERT_TRUE(out) << out.error().message;
  EXPECT_EQ(out->array, items);
}

TEST(RequestInput, text_becomes_what_its_field_says_and_a_body_stays_strict) {
  const auto found = decode<Find>(sample::find, "/x?count=7&weight=2.5e-1&loud=false&ids=1&ids=2", "");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->weight, 0.25);
  EXPECT_EQ(found->ids, (std::vector<std::int64_t>{1, 2}));
  const auto bad = decode<Find>(sample::find, "/x?count=seven", "");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().problems, (std::vector<Problem>{{"/count", "must be an integer"}}));
  const auto strict = decode<Note>(sample::put, "/x", R"({"text":"t","count":"3"})");
  ASSERT_FALSE(strict);
  EXPECT_EQ(strict.error().problems.at(0).pointer, "/count");
}

TEST(RequestInput, a_path_value_of_digits_stays_text_for_a_text_field) {
  const auto found = decode<Find>(sample::find, "/x", "", {{"note_id", "12"}});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->note_id, "12");
}

TEST(RequestInput, contradictions_are_problems_all_at_once) {
  const auto note = decode<Note>(sample::put, "/x?text=b&count=1&count=2&note_id=n2", R"({"text":"a","note_id":"n3"})");
  ASSERT_FALSE(note);
  EXPECT_EQ(note.error().problems.size(), 4U);
  EXPECT_EQ(note.error().problems.front(), (Problem{"/note_id", "is given by the path"}));
}

TEST(RequestInput, unknown_fields_are_refused_at_the_public_door_only) {
  EXPECT_FALSE(decode<Note>(sample::put, "/x", R"({"text":"t","new":1})"));
  EXPECT_FALSE(decode<Find>(sample::find, "/x?new=1", ""));
  EXPECT_TRUE(decode<Note>(sample::ask, "/x", R"({"note_id":"n","text":"t","new":1})", {}));
  EXPECT_TRUE(decode<Note>(sample::chat, "/x", R"({"note_id":"n","text":"t","new":1})", {}));
}

TEST(RequestInput, the_body_is_json_in_utf8_where_a_method_takes_one) {
  EXPECT_EQ(decode<Note>(sample::put, "/x", "{").error().code, "bad_json");
  EXPECT_EQ(decode<Note>(sample::put, "/x", "[]").error().problems.at(0).pointer, "");
  EXPECT_EQ(decode<Note>(sample::put, "/x", "{\"text\":\"\xff\"}").error().code, "bad_encoding");
  EXPECT_EQ(decode<Find>(sample::find, "/x", "{}").error().code, "unexpected_body");
  EXPECT_EQ(decode<Note>(sample::put, "/x", "text=t", {}, {{"Content-Type", "text/plain"}}).error().kind,
            ErrorKind::unsupported_media);
  EXPECT_EQ(decode<Note>(sample::put, "/x", "{}", {}, {}).error().kind, ErrorKind::unsupported_media);
}

TEST(RequestInput, last_event_id_is_the_field_after) {
  const auto watch = decode<Watch>(sample::watch, "/x?after=3", "", {{"note_id", "n"}}, {{"Last-Event-ID", "41"}});
  ASSERT_TRUE(watch);
  EXPECT_EQ(watch->after, 41);
  EXPECT_FALSE(decode<Watch>(sample::watch, "/x", "", {{"note_id", "n"}}, {{"Last-Event-ID", "x"}}));
}

TEST(RequestInput, disassemble_is_the_inverse) {
  const Find in{.note_id = "a/b c", .count = 3, .weight = 0.125, .loud = true, .ids = {4, 5}};
  const auto out = disassemble(sample::find.info, schema::encode(in).as_object());
  EXPECT_TRUE(out.body.empty());
  EXPECT_TRUE(out.target.starts_with("/v1/notes/a%2Fb%20c?")) << out.target;
  const auto back = decode<Find>(sample::find, out.target, "", {{"note_id", "a/b c"}});
  ASSERT_TRUE(back);
  EXPECT_EQ(to_text(schema::encode(*back)), to_text(schema::encode(in)));

  const auto put = disassemble(sample::put.info, schema::encode(Note{.note_id = "n", .text = "t"}).as_object());
  EXPECT_EQ(put.target, "/v1/notes/n");
  EXPECT_EQ(parse_json(put.body)->as_object().if_contains("note_id"), nullptr);
}

}  // namespace
}  // namespace writ::http
