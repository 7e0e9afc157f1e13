// The public view of a run's events, as clients see them on the stream.
#pragma once

#include "orchestrator/event_content.h"

namespace writ::orchestrator {

/// `event` holds texts in its content fields; `erased` says that some are gone.
[[nodiscard]] RunEvent public_event(const Event& event, bool erased);
/// A piece of text that is not stored; `offset` is in bytes from the start of the attempt's text.
[[nodiscard]] RunEvent public_delta(std::int64_t step, std::int64_t attempt, std::size_t offset, std::string_view text,
                                    WallTime at);

}  // namespace writ::orchestrator
