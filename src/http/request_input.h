// RequestInput: path, query, Last-Event-ID and body of a request merged into the one document a request type decodes.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "http/message.h"
#include "http/operation.h"
#include "schema/codec.h"

namespace writ::http {

using PathValues = std::vector<std::pair<std::string, std::string>>;

/// What a request type wants, worked out once per route.
struct RequestInput {
  struct Field {
    std::string name;
    std::string type;  // JSON Schema's: string, integer, number, boolean, array, object; "" for any
    std::string item_type;  // of an array
  };
  std::vector<Field> fields;
  std::vector<std::string> path_fields;
  Method method = Method::get;
  schema::Unknown unknown = schema::Unknown::reject;

  [[nodiscard]] const Field* find(std::string_view name) const;
};

/// Asserts that every name in the path's braces is a field.
[[nodiscard]] std::shared_ptr<const RequestInput> make_input(const OperationInfo& info, const json::object& schema);
template <class In>
[[nodiscard]] std::shared_ptr<const RequestInput> make_input(const OperationInfo& info) {
  return make_input(info, schema::describe<In>());
}

/// The merged document, in `storage`. Text of path and query becomes what its field's type says, where it can.
/// Errors: invalid (bad_json, bad_encoding, unexpected_body, invalid_request with all conflicts), unsupported_media.
[[nodiscard]] Result<json::object> assemble(const RequestInput& input, const RequestHead& head,
                                            const PathValues& params, std::string_view body,
                                            const json::storage_ptr& storage = {});

template <class In>
[[nodiscard]] Result<In> decode_input(const RequestInput& input, const RequestHead& head, const PathValues& params,
                                      std::string_view body) {
  // The document lives as long as this function: most fit on the stack, and nothing of it is freed one by one.
  std::array<unsigned char, 4096> first;
  json::monotonic_resource memory(first.data(), first.size());
  WRIT_TRY(auto document, assemble(input, head, params, body, &memory));
  return schema::decode<In>(json::value(std::move(document)), {.unknown = input.unknown});
}

/// The reverse, for clients: fields of the path go into it, of GET and DELETE the rest into the query, else into the body.
struct RequestOutput {
  std::string target;
  std::string body;  // JSON; empty for GET and DELETE
};
[[nodiscard]] RequestOutput disassemble(const OperationInfo& info, json::object document);

}  // namespace writ::http
