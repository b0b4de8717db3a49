#include <algorithm>
#include <cstddef>
#include <span>

#include "sojourn/tracing.h"

namespace sojourn {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";
// "00-" 32 "-" 16 "-" 2.
constexpr std::size_t kTextSize = 55;

// Upper case is not valid.
bool read_hex(std::string_view text, std::span<std::uint8_t> bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::size_t high = kDigits.find(text[2 * i]);
    const std::size_t low = kDigits.find(text[2 * i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return false;
    bytes[i] = static_cast<std::uint8_t>(16 * high + low);
  }
  return true;
}

void write_hex(std::span<const std::uint8_t> bytes, std::string& text) {
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte / 16];
    text += kDigits[byte % 16];
  }
}

bool is_zero(std::span<const std::uint8_t> bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

bool TraceContext::is_valid() const { return !is_zero(trace_id) && !is_zero(span_id); }

std::string TraceContext::traceparent() const {
  std::string text = "00-";
  write_hex(trace_id, text);
  text += '-';
  write_hex(span_id, text);
  text += '-';
  write_hex({&flags, 1}, text);
  return text;
}

std::optional<TraceContext> TraceContext::parse(std::string_view traceparent) {
  if (traceparent.size() < kTextSize) return std::nullopt;
  std::uint8_t version = 0;
  if (!read_hex(traceparent, {&version, 1}) || version == 0xff) return std::nullopt;
  // Later versions may have more, behind a dash.
  if (traceparent.size() > kTextSize && (version == 0 || traceparent[kTextSize] != '-')) {
    return std::nullopt;
  }
  if (traceparent[2] != '-' || traceparent[35] != '-' || traceparent[52] != '-') {
    return std::nullopt;
  }
  TraceContext context;
  if (!read_hex(traceparent.substr(3), context.trace_id) ||
      !read_hex(traceparent.substr(36), context.span_id) ||
      !read_hex(traceparent.substr(53), {&context.flags, 1}) || !context.is_valid()) {
    return std::nullopt;
  }
  return context;
}

}  // namespace sojourn
