// From a governed answer to what OpenAI's clients read: one chat.completion, or a stream of chat.completion.chunk.
#pragma once

#include "gateway/gateway_metrics.h"
#include "governed/governed.h"

namespace writ::gateway::openai {

/// What every object of one completion repeats.
struct CompletionHead {
  std::string id;           // "chatcmpl-…", the rest is the call's id
  std::int64_t created = 0;  // unix seconds
  std::string model;
  std::string fingerprint;  // the constitution that decided: an answer changes with its rules too
};

/// A denied output has finish_reason content_filter, what was released before as content, and why as refusal.
[[nodiscard]] json::object completion(const CompletionHead& head, const governed::ChatItem::End& end);

/// The chunks of one answer as server-sent events: role, content…, tool calls, finish, usage if asked for, `[DONE]`.
/// An error in mid-stream is told in a last chunk with `error`; then the stream fails with it, so that it is counted,
/// logged, and no client takes the cut for an end.
class ChunkStream final : public Stream<std::string> {
 public:
  ChunkStream(CompletionHead head, bool include_usage, std::string trace_id, StreamPtr<governed::ChatItem> items,
              const GatewayProbe& probe)
      : head_(std::move(head)),
        include_usage_(include_usage),
        trace_id_(std::move(trace_id)),
        items_(std::move(items)),
        probe_(probe) {}
  Task<Result<std::optional<std::string>>> next() override;

 private:
  enum class Stage { first, content, failed, ended };

  [[nodiscard]] std::string first();
  [[nodiscard]] std::string last(const governed::ChatItem::End& end);
  [[nodiscard]] std::string break_off(Error error);
  [[nodiscard]] std::string chunk(json::object delta, json::value finish = nullptr) const;
  [[nodiscard]] std::string usage_chunk(const slm::Usage& usage) const;
  [[nodiscard]] std::optional<std::string> sent(std::string text) const;

  const CompletionHead head_;
  const bool include_usage_;
  const std::string trace_id_;
  StreamPtr<governed::ChatItem> items_;
  const GatewayProbe& probe_;
  Stage stage_ = Stage::first;
  std::optional<Error> error_;  // in stage failed
};

}  // namespace writ::gateway::openai
