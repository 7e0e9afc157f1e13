// What of a JSON Schema can be enforced: a schema is brought into a form whose every keyword holds, or refused by name.
#pragma once

#include <string>

#include "core/json.h"
#include "core/result.h"

namespace writ::grammar {

/// A schema that holds as it stands: annotations are left out, references lead to its own $defs, patterns and formats are
/// in the engine's form. "$comment" of each schema is its JSON pointer in the original, which at() begins.
struct Schema {
  json::value document;
  std::string at;  // JSON pointer of the original in the request
  bool operator==(const Schema&) const = default;
};

/// schema: an object or a boolean. at: its JSON pointer in the request.
/// Errors: invalid (unsupported_schema) with the JSON pointer of each keyword that cannot be enforced, that is not valid
/// JSON Schema, or that is beyond a limit (limits.h). Drafts 4 to 2020-12; without $schema the newest.
/// Cost: linear in the schema.
[[nodiscard]] Result<Schema> enforced_schema(const json::value& schema, std::string at);

enum class Support { enforced, annotation, refused };
/// How a keyword is treated; keywords that JSON Schema does not know assert nothing and are annotations.
[[nodiscard]] Support support_of(std::string_view keyword);

}  // namespace writ::grammar
