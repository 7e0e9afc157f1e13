#include "http/request_input.h"

#include <algorithm>
#include <charconv>

#include "core/assert.h"
#include "core/encoding.h"
#include "http/uri.h"

namespace writ::http {
namespace {

// Text of a path or query as its field's type says; what does not fit stays text, and the decoder says what it wants.
json::value typed(std::string_view text, std::string_view type) {
  const auto whole = [&](auto& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
  };
  if (std::int64_t integer = 0; type == "integer" && whole(integer)) return integer;
  if (double real = 0; type == "number" && whole(real)) return real;
  if (type == "boolean" && (text == "true" || text == "false")) return text == "true";
  return json::value(json::string_view(text.data(), text.size()));
}

// Of a field that may also be null, the type that it has otherwise.
std::string type_of(const json::object& described) {
  const auto* type = described.if_contains("type");
  if (type == nullptr) return {};
  if (const auto* either = type->if_array()) return std::string(view(either->front().as_string()));
  return std::string(view(type->as_string()));
}

bool has_body(Method method) { return method != Method::get && method != Method::del; }

class Merge {
 public:
  Merge(const RequestInput& input, const json::storage_ptr& storage) : input_(input), out_(storage) {}

  void body(json::object document) { out_ = std::move(document); }
  void path(const PathValues& params) {
    for (const auto& [name, text] : params) {
      if (out_.contains(name)) problem(name, "is given by the path");
      put(name, text);
    }
  }
  void query(const NamedTexts& pairs) {
    std::vector<std::string_view> seen;
    for (const auto& [name, text] : pairs) {
      const auto* field = input_.find(name);
      const bool list = field != nullptr && field->type == "array";
      const bool again = std::ranges::find(seen, name) != seen.end();
      if (list && again) {
        out_[name].as_array().push_back(typed(text, field->item_type));
        continue;
      }
      if (again) problem(name, "stands twice in the query");
      else if (out_.contains(name)) problem(name, "is given by the path or the body already");
      seen.push_back(name);
      if (list) out_[name] = json::array{typed(text, field->item_type)};
      else put(name, text);
    }
  }
  void last_event_id(std::string_view text) {
    if (!text.empty() && input_.find("after") != nullptr) put("after", text);  // an EventSource repeats its first URL
  }
  Result<json::object> take() && {
    if (!problems_.empty())
      return fail(invalid("invalid_request", "the request contradicts itself", std::move(problems_)));
    return std::move(out_);
  }

 private:
  void put(std::string_view name, std::string_view text) {
    const auto* field = input_.find(name);
    out_[name] = typed(text, field == nullptr ? std::string_view() : std::string_view(field->type));
  }
  void problem(std::string_view name, std::string message) {
    problems_.push_back({pointer_to("", name), std::move(message)});
  }

  const RequestInput& input_;
  json::object out_;
  std::vector<Problem> problems_;
};

Result<json::object> read_body(const RequestInput& input, const RequestHead& head, std::string_view body,
                               const json::storage_ptr& storage) {
  if (body.empty()) return json::object(storage);
  if (!has_body(input.method)) return fail(invalid("unexpected_body", "this method takes no body"));
  if (!is_media_type(head.header("Content-Type"), json_type)) {
    Error e;
    e.kind = ErrorKind::unsupported_media;
    e.code = "unsupported_media_type";
    e.message = "send the body as application/json";
    return fail(std::move(e));
  }
  if (!is_utf8(body)) return fail(invalid("bad_encoding", "the body is not UTF-8"));
  WRIT_TRY(auto document, parse_json(body, storage));
  if (!document.is_object())
    return fail(invalid("invalid_request", "the request does not match its schema", {{"", "must be an object"}}));
  return std::move(document.get_object());
}

std::string query_text(const json::value& value) {
  if (value.is_string()) return std::string(view(value.get_string()));
  WRIT_ASSERT(!value.is_object() && !value.is_array(), "fields of a query are scalars or lists of scalars");
  return to_text(value);
}

}  // namespace

const RequestInput::Field* RequestInput::find(std::string_view name) const {
  const auto found = std::ranges::find(fields, name, &Field::name);
  return found == fields.end() ? nullptr : &*found;
}

std::shared_ptr<const RequestInput> make_input(const OperationInfo& info, const json::object& schema) {
  auto input = std::make_shared<RequestInput>();
  input->method = info.method;
  const bool strict = info.exposure.kind() == Exposure::Kind::public_ && info.dialect == Dialect::writ;
  input->unknown = strict ? schema::Unknown::reject : schema::Unknown::ignore;
  if (const auto* properties = schema.if_contains("properties")) {
    for (const auto& member : properties->as_object()) {
      const auto& described = member.value().as_object();
      const auto* items = described.if_contains("items");
      input->fields.push_back({std::string(std::string_view(member.key())), type_of(described),
                               items == nullptr ? std::string() : type_of(items->as_object())});
    }
  }
  input->path_fields = template_names(info.path);
  for (const auto& name : input->path_fields)
    WRIT_ASSERT(input->find(name) != nullptr, "every name in an operation's path is a field of its request type");
  return input;
}

Result<json::object> assemble(const RequestInput& input, const RequestHead& head, const PathValues& params,
                              std::string_view body, const json::storage_ptr& storage) {
  Merge merge(input, storage);
  WRIT_TRY(auto document, read_body(input, head, body, storage));
  merge.body(std::move(document));
  merge.path(params);
  if (const auto text = head.query(); !text.empty()) {
    WRIT_TRY(const auto pairs, parse_query(text));
    merge.query(pairs);
  }
  merge.last_event_id(head.header("Last-Event-ID"));
  return std::move(merge).take();
}

RequestOutput disassemble(const OperationInfo& info, json::object document) {
  RequestOutput out;
  for (const auto segment : split_path(info.path)) {
    out.target += '/';
    const auto name = template_name(segment);
    if (name.empty()) {
      out.target += segment;
    } else {
      out.target += percent_encode(query_text(document.at(name)));
      document.erase(name);
    }
  }
  if (has_body(info.method)) {
    out.body = to_text(document);
    return out;
  }
  NamedTexts pairs;
  for (const auto& member : document) {
    const std::string name(std::string_view(member.key()));
    if (const auto* list = member.value().if_array()) {
      for (const auto& item : *list) pairs.emplace_back(name, query_text(item));
    } else {
      pairs.emplace_back(name, query_text(member.value()));
    }
  }
  if (!pairs.empty()) out.target += "?" + format_query(pairs);
  return out;
}

}  // namespace writ::http
