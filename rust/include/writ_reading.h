// C ABI of readings: what single characters stand for when a text is searched. No entry lets a panic through.
#pragma once
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

typedef void (*writ_reading_sink)(void* user, int32_t kind, const char* data, size_t size);

// For each character of code points 256 * page … 256 * page + 255 that does not stand for itself: one message, its kind
// the place in the page, its text `plain U+001F look U+001F other`. Below 0: a failure, whose message has a kind below 0.
int32_t writ_reading_page(uint32_t page, writ_reading_sink sink, void* user);

#ifdef __cplusplus
}
#endif
