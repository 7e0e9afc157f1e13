#include "llama/engine.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <llama.h>

#include "core/assert.h"
#include "core/fail_point.h"
#include "llama/backend.h"
#include "llama/model_impl.h"
#include "llama/slot.h"

namespace writ::llama {
namespace {

constexpr std::int32_t slots_max =
    64;  // LLAMA_MAX_SEQ is 256; more than 64 answers at once are slower than a queue on a CPU

struct FreeContext {
  void operator()(llama_context* context) const { llama_free(context); }
};
struct FreeThreads {
  void operator()(ggml_threadpool* threads) const { ggml_threadpool_free(threads); }
};

/// llama.cpp's batch, with room for batch_tokens.
class Batch {
 public:
  explicit Batch(std::int32_t capacity) : batch_(llama_batch_init(capacity, 0, 1)) { batch_.n_tokens = 0; }
  ~Batch() { llama_batch_free(batch_); }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  void clear() { batch_.n_tokens = 0; }
  [[nodiscard]] std::int32_t size() const { return batch_.n_tokens; }
  [[nodiscard]] const llama_batch& get() const { return batch_; }
  /// Returns the token's row.
  std::int32_t add(Token token, std::int32_t position, std::size_t slot, bool logits) {
    const auto row = batch_.n_tokens++;
    batch_.token[row] = token;
    batch_.pos[row] = position;
    batch_.n_seq_id[row] = 1;
    batch_.seq_id[row][0] = static_cast<llama_seq_id>(slot);
    batch_.logits[row] = logits ? 1 : 0;
    return row;
  }

 private:
  llama_batch batch_;
};

}  // namespace

struct Engine::Impl {
  const Model& model;
  EngineLimits limits;
  // The context uses the threads until its end, so it is the later member.
  std::unique_ptr<ggml_threadpool, FreeThreads> threads{};
  std::unique_ptr<llama_context, FreeContext> context{};
  Batch batch;
  std::vector<Slot> slots;
  Counters counters{};
  std::uint64_t adds = 0;
  bool can_share = true;  // recurrent models keep one state, not one per position
  std::optional<std::thread::id> owner{};

  Impl(const Model& used, const EngineLimits& given)
      : model(used), limits(given), batch(given.batch_tokens), slots(static_cast<std::size_t>(given.slots)) {}

  void check_owner() {
    if (!owner) owner = std::this_thread::get_id();
    WRIT_ASSERT(*owner == std::this_thread::get_id(), "an engine is used on its owner thread only");
  }
  [[nodiscard]] llama_memory_t memory() const { return llama_get_memory(context.get()); }
  [[nodiscard]] Slot* find(SequenceId id);
  [[nodiscard]] Status check(const Sequence& sequence);
  [[nodiscard]] std::size_t share_prefix(const Placement& placement);
  void fill_batch(std::int32_t prompt_tokens_max);
  [[nodiscard]] Status make_context();
  [[nodiscard]] std::vector<Event> fail_all(int status);
  [[nodiscard]] Event advance(Slot& slot);
  void take_token(Slot& slot, Token token, Event& event);
};

Slot* Engine::Impl::find(SequenceId id) {
  const auto slot =
      std::ranges::find_if(slots, [id](const Slot& s) { return s.answering && s.answering->sequence.id == id; });
  return slot == slots.end() ? nullptr : &*slot;
}

Status Engine::Impl::check(const Sequence& sequence) {
  if (find(sequence.id) != nullptr) {
    return fail(conflict("duplicate_sequence", fmt::format("sequence {} is already in the engine", sequence.id)));
  }
  const auto vocabulary = model.info().vocabulary;
  const bool known =
      std::ranges::all_of(sequence.prompt, [=](Token token) { return token >= 0 && token < vocabulary; });
  if (sequence.prompt.empty() || !known || sequence.max_tokens < 1) {
    return fail(
        invalid("bad_prompt", "a sequence needs one or more tokens of the vocabulary and max_tokens of 1 or more"));
  }
  if (sequence.prompt.size() >= static_cast<std::size_t>(limits.context_tokens)) {
    return fail(invalid("context_overflow",
                        fmt::format("the prompt has {} tokens, but prompt and answer together must fit in {}",
                                    sequence.prompt.size(), limits.context_tokens)));
  }
  return {};
}

/// Makes the placed slot's cache hold the shared beginning; returns how many tokens it holds.
std::size_t Engine::Impl::share_prefix(const Placement& placement) {
  auto& slot = slots[placement.slot];
  const auto id = static_cast<llama_seq_id>(placement.slot);
  const auto end = static_cast<llama_pos>(placement.shared);
  const bool shared = can_share && placement.shared > 0;
  if (shared && placement.donor == placement.slot && llama_memory_seq_rm(memory(), id, end, -1)) {
    slot.cached.resize(placement.shared);
    return placement.shared;
  }
  llama_memory_seq_rm(memory(), id, -1, -1);  // a whole sequence can always be removed
  slot.cached.clear();
  if (!shared || placement.donor == placement.slot) return 0;
  llama_memory_seq_cp(memory(), static_cast<llama_seq_id>(placement.donor), id, 0, end);
  const auto& donor = slots[placement.donor].cached;
  slot.cached.assign(donor.begin(), donor.begin() + end);
  return placement.shared;
}

void Engine::Impl::fill_batch(std::int32_t prompt_tokens_max) {
  batch.clear();
  std::vector<Slot*> prompts;
  for (auto& slot : slots) {
    slot.logits_row.reset();
    if (!slot.answering) continue;
    if (slot.answering->pending) {
      const auto index = static_cast<std::size_t>(&slot - slots.data());
      slot.logits_row = batch.add(*slot.answering->pending, slot.position(), index, true);
      slot.cached.push_back(*slot.answering->pending);
    } else {
      prompts.push_back(&slot);
    }
  }
  std::ranges::sort(prompts, [](const Slot* a, const Slot* b) {
    return std::pair(a->answering->sequence.priority, a->used) < std::pair(b->answering->sequence.priority, b->used);
  });
  auto left = std::min(prompt_tokens_max, limits.batch_tokens - batch.size());
  for (auto* slot : prompts) {
    const auto& prompt = slot->answering->sequence.prompt;
    const auto index = static_cast<std::size_t>(slot - slots.data());
    const auto chunk = std::min(left, slot->prompt_left());
    for (std::int32_t i = 0; i < chunk; ++i) {
      const bool last = slot->cached.size() + 1 == prompt.size();
      const auto token = prompt[slot->cached.size()];
      const auto row = batch.add(token, slot->position(), index, last);
      if (last) slot->logits_row = row;
      slot->cached.push_back(token);
    }
    counters.prompt_tokens += static_cast<std::uint64_t>(std::max(chunk, 0));
    left -= std::max(chunk, 0);
  }
}

std::vector<Event> Engine::Impl::fail_all(int status) {
  std::vector<Event> events;
  for (auto& slot : slots) {
    slot.cached.clear();  // what of the batch is in the cache is not known
    if (!slot.answering) continue;
    auto error = unavailable("decode_failed", "the model could not compute this answer: try again");
    error.where = fmt::format("llama_decode gave {}", status);
    events.push_back({slot.answering->sequence.id, {}, 0, FinishReason::error, std::move(error)});
    slot.answering.reset();
  }
  // What the failure left in the context is not known either. Without a new one the engine is not usable().
  (void)make_context();
  return events;
}

/// Adds a chosen token to the answer, and finds out whether that ends it.
void Engine::Impl::take_token(Slot& slot, Token token, Event& event) {
  auto& answer = *slot.answering;
  const auto limit = answer.sequence.calls;
  const bool text_ends = llama_vocab_is_eog(model.impl_->vocab, token);
  if (!text_ends) {
    event.text = answer.text.push(model.piece(token, answer.sequence.special));
    event.tokens = 1;
    ++answer.generated;
    ++counters.generated_tokens;
    answer.pending = token;
  }
  if (limit != CallLimit::none) answer.scanner.feed(event.text);
  if (answer.text.stopped()) {
    event.finished = FinishReason::stop;
  } else if (text_ends) {
    event.finished = answer.scanner.calls().empty() ? FinishReason::stop : FinishReason::tool_end;
  } else if (limit == CallLimit::one && !answer.scanner.calls().empty()) {
    event.finished = FinishReason::tool_end;
  } else if (answer.generated >= answer.sequence.max_tokens || slot.position() >= limits.context_tokens) {
    event.finished = FinishReason::length;
  }
  if (event.finished && !answer.text.stopped()) event.text += answer.text.flush();
}

Event Engine::Impl::advance(Slot& slot) {
  Event event{.id = slot.answering->sequence.id};
  const auto* logits = llama_get_logits_ith(context.get(), *slot.logits_row);
  const auto vocabulary = static_cast<std::size_t>(model.info().vocabulary);
  WRIT_ASSERT(logits != nullptr, "a row that asked for logits has them after a decode");
  auto token = slot.answering->sampler.next({logits, vocabulary});
  if (token) {
    take_token(slot, *token, event);
  } else {
    event.finished = FinishReason::error;
    event.error = std::move(token).error();
  }
  if (event.finished) slot.answering.reset();
  return event;
}

/// A context with an empty cache; nothing is left of the one before.
Status Engine::Impl::make_context() {
  context.reset();
  auto* const loaded = model.impl_->model.get();
  auto params = llama_context_default_params();
  params.n_ctx = static_cast<std::uint32_t>(limits.context_tokens) * static_cast<std::uint32_t>(limits.slots);
  params.n_batch = params.n_ubatch = static_cast<std::uint32_t>(limits.batch_tokens);
  params.n_seq_max = params.n_outputs_max = static_cast<std::uint32_t>(limits.slots);
  params.n_threads = params.n_threads_batch = limits.threads;
  params.kv_unified = true;  // slots share the cells of a common beginning instead of copying them
  params.swa_full = true;    // sliding-window models keep all positions, or no prefix could be reused
  params.no_perf = true;
  const ErrorLines errors;
  const auto failed = [&](Error error, std::string_view otherwise) {
    error.where = errors.text(otherwise);
    return fail(std::move(error));
  };
  std::unique_ptr<llama_context, FreeContext> made(llama_init_from_model(loaded, params));
  if (!made) return failed(unavailable("engine_memory", "no context for the model", std::nullopt), "not enough memory");
  if (limits.threads > 1) {
    auto wanted = ggml_threadpool_params_default(limits.threads);
    if (!threads) threads.reset(ggml_threadpool_new(&wanted));
    if (!threads)
      return failed(unavailable("engine_memory", "the compute threads cannot be started", std::nullopt), "");
    llama_attach_threadpool(made.get(), threads.get(), threads.get());
  }
  if (auto* adapter = model.impl_->adapter; adapter != nullptr) {
    float scale = 1.0F;
    if (llama_set_adapters_lora(made.get(), &adapter, 1, &scale) != 0)
      return failed(invalid("adapter_mismatch", "the adapter cannot be applied"), "llama.cpp gives no reason");
  }
  context = std::move(made);
  can_share = !llama_model_is_recurrent(loaded) && !llama_model_is_hybrid(loaded);
  return {};
}

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::create(const Model& model, const EngineLimits& limits) {
  if (limits.context_tokens < 2 || limits.slots < 1 || limits.slots > slots_max || limits.batch_tokens < limits.slots ||
      limits.threads < 1 || limits.threads > GGML_MAX_N_THREADS) {
    return fail(invalid("bad_engine_limits",
                        fmt::format("need context_tokens of 2 or more, slots of 1 to {}, batch_tokens of at "
                                    "least slots, threads of 1 to {}",
                                    slots_max, GGML_MAX_N_THREADS)));
  }
  if (model.impl_->part != ModelPart::all)
    return fail(invalid("no_weights", "only the model's vocabulary was loaded, which generates nothing"));
  auto impl = std::make_unique<Impl>(model, limits);
  WRIT_CHECK(impl->make_context());
  return std::unique_ptr<Engine>(new Engine(std::move(impl)));
}

Result<std::int32_t> Engine::add(Sequence sequence) {
  impl_->check_owner();
  if (!usable()) return fail(unavailable("engine_memory", "the model has no memory for answers", std::nullopt));
  WRIT_CHECK(impl_->check(sequence));
  const auto placement = place(impl_->slots, sequence.prompt);
  if (!placement) return fail(unavailable("no_free_slot", fmt::format("all {} slots are busy", impl_->slots.size())));
  WRIT_TRY(auto sampler, Sampler::create(impl_->model, sequence.sampling, sequence.grammar,
                                         std::exchange(sequence.matcher, std::nullopt)));
  const auto reused = impl_->share_prefix(*placement);
  auto& slot = impl_->slots[placement->slot];
  slot.used = ++impl_->adds;
  slot.answering.emplace(std::move(sequence), std::move(sampler));
  impl_->counters.prefix_reused += reused;
  return static_cast<std::int32_t>(reused);
}

bool Engine::remove(SequenceId id) {
  impl_->check_owner();
  auto* slot = impl_->find(id);
  if (slot == nullptr) return false;
  slot->answering.reset();
  return true;
}

std::vector<Event> Engine::step(std::int32_t prompt_tokens_max) {
  impl_->check_owner();
  impl_->fill_batch(prompt_tokens_max);
  if (impl_->batch.size() == 0) return {};
  ++impl_->counters.decode_calls;
  const auto status = WRIT_ERROR_POINT("llama.decode") ? -3 : llama_decode(impl_->context.get(), impl_->batch.get());
  if (status != 0) return impl_->fail_all(status);
  std::vector<Event> events;
  for (auto& slot : impl_->slots) {
    if (slot.logits_row) events.push_back(impl_->advance(slot));
  }
  return events;
}

bool Engine::usable() const { return impl_->context != nullptr; }

std::int32_t Engine::active() const {
  return static_cast<std::int32_t>(
      std::ranges::count_if(impl_->slots, [](const Slot& slot) { return slot.answering.has_value(); }));
}

std::int32_t Engine::free_slots() const { return limits().slots - active(); }

std::optional<std::int32_t> Engine::prompt_left(SequenceId id) const {
  const auto* slot = impl_->find(id);
  if (slot == nullptr) return std::nullopt;
  return slot->prompt_left();
}

const EngineLimits& Engine::limits() const { return impl_->limits; }

const Counters& Engine::counters() const { return impl_->counters; }

Status check_grammar(const Model& model, const Grammar& grammar) {
  WRIT_CHECK(Sampler::create(model, {}, grammar));
  return {};
}

Sequence sequence_for(SequenceId id, const RenderedChat& chat, std::vector<Token> prompt) {
  return Sequence{.id = id,
                  .prompt = std::move(prompt),
                  .grammar = chat.grammar,
                  .stops = chat.stops,
                  .calls = chat.calls,
                  .special = chat.answer == AnswerFormat::native ? SpecialTokens::parsed : SpecialTokens::plain};
}

}  // namespace writ::llama
