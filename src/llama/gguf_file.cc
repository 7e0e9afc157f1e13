#include "llama/gguf_file.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>
#include <ggml.h>
#include <gguf.h>

#include "llama/gguf_bounds.h"
#include "llama/gguf_checks.h"
#include "llama/gguf_reader.h"

namespace writ::llama {
namespace {

constexpr std::size_t kept_text_max = 256;           // bytes of a string that are looked at
constexpr std::uint64_t short_array_max = 4096;      // elements whose values are looked at

/// The value of one element, moving on behind it; text has none.
std::optional<double> read_number(GgufReader& in, std::uint32_t type) {
  switch (type) {
    case GGUF_TYPE_UINT8:
    case GGUF_TYPE_BOOL: return in.number<std::uint8_t>();
    case GGUF_TYPE_INT8: return in.number<std::int8_t>();
    case GGUF_TYPE_UINT16: return in.number<std::uint16_t>();
    case GGUF_TYPE_INT16: return in.number<std::int16_t>();
    case GGUF_TYPE_UINT32: return in.number<std::uint32_t>();
    case GGUF_TYPE_INT32: return in.number<std::int32_t>();
    case GGUF_TYPE_FLOAT32: return in.number<float>();
    case GGUF_TYPE_UINT64: return static_cast<double>(in.number<std::uint64_t>());
    case GGUF_TYPE_INT64: return static_cast<double>(in.number<std::int64_t>());
    case GGUF_TYPE_FLOAT64: return in.number<double>();
    default: return std::nullopt;
  }
}

std::uint64_t size_of(std::uint32_t type) {
  switch (type) {
    case GGUF_TYPE_UINT8:
    case GGUF_TYPE_INT8:
    case GGUF_TYPE_BOOL: return 1;
    case GGUF_TYPE_UINT16:
    case GGUF_TYPE_INT16: return 2;
    case GGUF_TYPE_UINT64:
    case GGUF_TYPE_INT64:
    case GGUF_TYPE_FLOAT64:
    case GGUF_TYPE_STRING: return 8;  // a string is at least its length
    default: return 4;
  }
}

void read_elements(GgufReader& in, const std::string& key, GgufValue& value) {
  value.count = in.number<std::uint64_t>();
  if (value.count > gguf_elements_max)
    return in.fail(fmt::format("{} has {} elements, more than {}", key, value.count, gguf_elements_max));
  if (value.count > in.left() / size_of(value.type)) return in.fail(key + " ends beyond the end of the file");
  if (value.type == GGUF_TYPE_STRING) {
    for (std::uint64_t i = 0; i < value.count && in.ok(); ++i) (void)in.string(key, gguf_string_max, 0);
    return;
  }
  if (value.count > short_array_max) return in.skip(value.count * size_of(value.type), key);
  for (std::uint64_t i = 0; i < value.count && in.ok(); ++i) {
    const auto number = read_number(in, value.type).value_or(0);
    value.sum += number;
    // NaN is kept: it is found to be out of any bounds.
    if (!value.number || number > *value.number || std::isnan(number)) value.number = number;
  }
}

void read_value(GgufReader& in, GgufHeader& header) {
  const auto key = in.string("the name of a metadata entry", gguf_key_max);
  if (!in.ok()) return;
  if (key.empty()) return in.fail("a metadata entry has no name");
  if (!is_plain_name(key)) return in.fail("the name of a metadata entry is not made of letters, digits, '.', '-', '_'");
  GgufValue value{.type = in.number<std::uint32_t>()};
  value.is_array = value.type == GGUF_TYPE_ARRAY;
  if (value.is_array) value.type = in.number<std::uint32_t>();
  if (value.type >= GGUF_TYPE_COUNT || value.type == GGUF_TYPE_ARRAY)
    return in.fail(fmt::format("{} is of an unknown type", key));
  if (value.is_array) {
    read_elements(in, key, value);
  } else if (value.type == GGUF_TYPE_STRING) {
    const auto before = in.position();
    value.text = in.string(key, gguf_string_max, is_chat_template(key) ? chat_templates_max : kept_text_max);
    value.text_size = in.position() - before - sizeof(std::uint64_t);
  } else {
    value.number = read_number(in, value.type);
  }
  if (in.ok() && !header.values.emplace(key, std::move(value)).second) in.fail(key + " stands twice");
}

struct TensorPlace {
  std::string name;
  std::uint64_t offset = 0, bytes = 0;
};

TensorPlace read_tensor(GgufReader& in) {
  TensorPlace out{.name = in.string("the name of a tensor", GGML_MAX_NAME - 1)};
  if (in.ok() && (out.name.empty() || !is_plain_name(out.name)))
    in.fail("the name of a tensor is not made of letters, digits, '.', '-', '_'");
  const auto dimensions = in.number<std::uint32_t>();
  if (in.ok() && (dimensions < 1 || dimensions > GGML_MAX_DIMS))
    in.fail(fmt::format("tensor {} has {} dimensions, not 1 to {}", out.name, dimensions, GGML_MAX_DIMS));
  std::uint64_t elements = 1, row = 0;
  for (std::uint32_t i = 0; i < dimensions && in.ok(); ++i) {
    const auto length = in.number<std::uint64_t>();
    if (i == 0) row = length;
    if (length < 1 || length > std::uint64_t{INT64_MAX} / elements)
      in.fail(fmt::format("tensor {} has a dimension of {}", out.name, length));
    else elements *= length;
  }
  const auto type = in.number<std::uint32_t>();
  out.offset = in.number<std::uint64_t>();
  if (!in.ok()) return out;
  const auto block = type < GGML_TYPE_COUNT ? ggml_blck_size(static_cast<ggml_type>(type)) : 0;
  if (block < 1) in.fail(fmt::format("tensor {} is of an unknown type", out.name));
  else if (row % static_cast<std::uint64_t>(block) != 0)
    in.fail(fmt::format("tensor {} has rows of {}, which do not fill its blocks of {}", out.name, row, block));
  if (!in.ok()) return out;
  const auto block_bytes = ggml_type_size(static_cast<ggml_type>(type));
  const auto blocks = elements / static_cast<std::uint64_t>(block);
  if (block_bytes == 0 || blocks > in.size() / block_bytes)
    in.fail(fmt::format("tensor {} is larger than the file", out.name));
  else out.bytes = blocks * block_bytes;
  return out;
}

void read_tensors(GgufReader& in, GgufHeader& header) {
  std::uint64_t alignment = GGUF_DEFAULT_ALIGNMENT;
  if (const auto at = header.values.find(GGUF_KEY_GENERAL_ALIGNMENT); at != header.values.end())
    alignment = static_cast<std::uint64_t>(std::max(0.0, at->second.number.value_or(0)));
  if (alignment < 1 || alignment > gguf_alignment_max || (alignment & (alignment - 1)) != 0)
    return in.fail(fmt::format("general.alignment is no power of two up to {}", gguf_alignment_max));
  std::set<std::string> names;
  std::vector<TensorPlace> places;
  for (std::uint64_t i = 0; i < header.tensors && in.ok(); ++i) {
    auto place = read_tensor(in);
    if (in.ok() && !names.insert(place.name).second) in.fail("tensor " + place.name + " stands twice");
    places.push_back(std::move(place));
  }
  if (!in.ok()) return;
  const auto begin = (in.position() + alignment - 1) / alignment * alignment;
  const auto room = begin <= in.size() ? in.size() - begin : 0;
  for (const auto& place : places) {
    if (place.offset % alignment != 0) return in.fail("tensor " + place.name + " is not aligned");
    if (place.offset > room || place.bytes > room - place.offset)
      return in.fail("tensor " + place.name + " ends beyond the end of the file: it is cut off");
    header.tensor_bytes += place.bytes;
    if (header.tensor_bytes > room) return in.fail("its tensors share bytes: together they are larger than the file");
  }
}

GgufHeader read_header(GgufReader& in) {
  GgufHeader header;
  if (in.size() < 24) in.fail("it is shorter than a GGUF header");  // magic, version and two counts
  const auto magic = in.number<std::array<char, 4>>();
  if (in.ok() && std::string_view(magic.data(), magic.size()) != GGUF_MAGIC)
    in.fail("it is no GGUF file: its magic bytes are others");
  const auto version = in.number<std::uint32_t>();
  if (in.ok() && (version < gguf_version_min || version > gguf_version_max))
    in.fail(fmt::format("it is of GGUF version {}, not {} or {}", version, gguf_version_min, gguf_version_max));
  header.tensors = in.number<std::uint64_t>();
  const auto values = in.number<std::uint64_t>();
  if (in.ok() && header.tensors > gguf_tensors_max)
    in.fail(fmt::format("it says it has {} tensors, more than {}", header.tensors, gguf_tensors_max));
  if (in.ok() && values > gguf_values_max)
    in.fail(fmt::format("it says it has {} metadata entries, more than {}", values, gguf_values_max));
  for (std::uint64_t i = 0; i < values && in.ok(); ++i) read_value(in, header);
  if (const auto at = header.values.find("general.architecture"); at != header.values.end())
    header.architecture = at->second.text;
  if (in.ok()) read_tensors(in, header);
  return header;
}

std::unexpected<Error> not_opened(Error error, GgufKind kind) {
  const bool model = kind == GgufKind::model;
  error.message = (model ? "the model file " : "the adapter file ") + error.message;
  if (error.code == "no_file") error.code = model ? "model_file_missing" : "adapter_file_missing";
  if (error.code == "not_a_file") error.code = model ? "model_unreadable" : "adapter_unreadable";
  return fail(std::move(error));
}

}  // namespace

Result<GgufFile> GgufFile::inspect(Result<RegularFile> file, GgufKind kind) {
  if (!file) return not_opened(std::move(file).error(), kind);
  GgufReader in(*file);
  auto header = read_header(in);
  std::string code = kind == GgufKind::model ? "model_unreadable" : "adapter_unreadable";
  if (in.ok()) {
    if (auto wrong = header_problem(header, kind)) {
      in.fail(std::move(wrong->message));
      if (wrong->other_kind) code = "adapter_mismatch";
    }
  }
  if (!in.ok())
    return fail(invalid(code, fmt::format("the {} file {} is not usable: {}",
                                          kind == GgufKind::model ? "model" : "adapter", file->name(), in.problem())));
  return GgufFile(std::move(*file), std::move(header));
}

Result<GgufFile> GgufFile::open(const std::filesystem::path& path, GgufKind kind) {
  auto out = inspect(RegularFile::open(path), kind);
  if (!out) out.error().where = path.string();
  return out;
}

Result<GgufFile> GgufFile::adopt(int fd, std::string name, GgufKind kind) {
  return inspect(RegularFile::adopt(fd, std::move(name)), kind);
}

}  // namespace writ::llama
