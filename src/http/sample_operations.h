// Operations for this room's tests: every kind of field, exposure and access once.
#pragma once

#include "http/operation.h"

namespace writ::http::sample {

using schema::any;
using schema::field;
using schema::field_or_default;

struct Note {
  std::string note_id;
  std::string text;
  std::int64_t count = 0;
  std::vector<std::string> tags;
  std::optional<bool> loud;
  static constexpr auto fields() {
    return std::tuple(field("note_id", &Note::note_id, schema::text(1, 64), "Note."),
                      field("text", &Note::text, schema::text(1, 200'000), "Text."),
                      field_or_default("count", &Note::count, schema::number(0, 99), "How often."),
                      field_or_default("tags", &Note::tags, schema::list(0, 4), "Tags."),
                      field("loud", &Note::loud, any, "Loud?"));
  }
};

struct Find {
  std::string note_id;
  std::int64_t count = 1;
  double weight = 0.5;
  bool loud = false;
  std::vector<std::int64_t> ids;
  static constexpr auto fields() {
    return std::tuple(field("note_id", &Find::note_id, schema::text(1, 64), "Note."),
                      field_or_default("count", &Find::count, schema::number(0, 99), "How often."),
                      field_or_default("weight", &Find::weight, schema::real(0, 1), "Weight."),
                      field_or_default("loud", &Find::loud, any, "Loud?"),
                      field_or_default("ids", &Find::ids, schema::list(0, 4), "Ids."));
  }
};

struct Watch {
  std::string note_id;
  std::int64_t after = 0;
  static constexpr auto fields() {
    return std::tuple(field("note_id", &Watch::note_id, schema::text(1, 64), "Note."),
                      field_or_default("after", &Watch::after, schema::number(0, 1'000'000'000), "Last seen."));
  }
};

struct Tick {
  std::int64_t seq = 0;
  std::string text;
  [[nodiscard]] std::optional<std::int64_t> stream_id() const { return seq > 0 ? std::optional(seq) : std::nullopt; }
  static constexpr auto fields() {
    return std::tuple(field("seq", &Tick::seq, any, "Number."), field("text", &Tick::text, any, "Text."));
  }
};

inline constexpr Unary<Note, Note> put{{.id = "sample.put",
                                        .method = Method::put,
                                        .path = "/v1/notes/{note_id}",
                                        .summary = "Store a note.",
                                        .exposure = public_door,
                                        .access = "notes:write",
                                        .body_max = 128 * 1024,
                                        .repeat = Repeat::idempotent,
                                        .errors = {{"no_space"}}}};
inline constexpr Unary<Find, Find> find{{.id = "sample.find",
                                         .method = Method::get,
                                         .path = "/v1/notes/{note_id}",
                                         .summary = "Find a note.",
                                         .exposure = public_door,
                                         .access = open}};
inline constexpr Unary<Note, Note> ask{{.id = "sample.ask",
                                        .method = Method::post,
                                        .path = "/internal/v1/ask",
                                        .summary = "Ask inside.",
                                        .exposure = internal_only,
                                        .access = service_token,
                                        .callers = {{"alpha", "beta"}}}};
inline constexpr Streaming<Watch, Tick> watch{{.id = "sample.watch",
                                               .method = Method::get,
                                               .path = "/v1/notes/{note_id}/ticks",
                                               .summary = "Follow a note.",
                                               .exposure = public_door,
                                               .access = "notes:read",
                                               .deadline = Seconds{60}}};
inline constexpr Unary<Note, Note> chat{{.id = "sample.chat",
                                         .method = Method::post,
                                         .path = "/v1/chat",
                                         .summary = "OpenAI's shape.",
                                         .exposure = public_door,
                                         .access = open,
                                         .dialect = Dialect::openai}};

}  // namespace writ::http::sample
