#include "scan/reading.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/assert.h"
#include "writ_reading.h"

namespace writ::scan {
namespace {

constexpr std::size_t page_size = 256;  // characters
constexpr std::size_t pages_max = 0x110000 / page_size;
constexpr char between = '\x1f';

struct Page {
  std::array<std::uint16_t, page_size> entry{};  // 1 + place in `readings`; 0: stands for itself
  std::vector<std::string> texts;
  std::vector<Reading> readings;
};

void receive(void* user, std::int32_t kind, const char* data, std::size_t size) noexcept {
  if (kind < 0) return;  // the entry says that it failed
  auto& page = *static_cast<Page*>(user);
  page.texts.emplace_back(data, size);
  page.entry[static_cast<std::size_t>(kind)] = static_cast<std::uint16_t>(page.texts.size());
}

std::unique_ptr<const Page> made(std::uint32_t number) {
  auto page = std::make_unique<Page>();
  const auto outcome = writ_reading_page(number, &receive, page.get());
  WRIT_ASSERT(outcome == 0, "every page of Unicode has readings");
  for (const std::string_view text : page->texts) {
    const auto first = text.find(between), second = text.find(between, first + 1);
    page->readings.push_back({.plain = text.substr(0, first),
                              .look = text.substr(first + 1, second - first - 1),
                              .other = text.substr(second + 1)});
  }
  return page;
}

/// Pages are made once and kept: some 20,000 characters have a reading, 2 MB when all are met.
const Page& page_of(std::uint32_t number) {
  static std::array<std::atomic<const Page*>, pages_max> pages;
  auto& place = pages[number];
  if (const auto* page = place.load(std::memory_order_acquire)) return *page;
  auto fresh = made(number);
  const Page* before = nullptr;
  if (place.compare_exchange_strong(before, fresh.get(), std::memory_order_acq_rel)) return *fresh.release();
  return *before;
}

}  // namespace

const Reading* reading_of(char32_t c) {
  const auto code = static_cast<std::uint32_t>(c);
  if (code / page_size >= pages_max) return nullptr;
  const auto& page = page_of(code / page_size);
  const auto entry = page.entry[code % page_size];
  return entry == 0 ? nullptr : &page.readings[entry - 1U];
}

}  // namespace writ::scan
