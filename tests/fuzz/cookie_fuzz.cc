// Cookie values and Cookie headers as anybody may send them. The input is taken for a value, for an
// id and a route to be written, and, line by line, for the Cookie headers of one request.

#include <sojourn/cookie.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using sojourn::CookieCandidate;
using sojourn::CookieCodec;
using sojourn::CookieOptions;
using sojourn::SessionId;

void expect(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", property);
  std::abort();
}

CookieCodec codec_with(CookieOptions options) {
  options.name = "__Host-sid";
  absl::StatusOr<CookieCodec> codec = CookieCodec::make(std::move(options));
  expect(codec.ok(), "the fuzzer's own options are accepted");
  return *std::move(codec);
}

const std::vector<CookieCodec>& codecs() {
  static const std::vector<CookieCodec> all = [] {
    std::vector<CookieCodec> made;
    made.push_back(codec_with({}));
    made.push_back(codec_with({.attach_route = false}));
    made.push_back(codec_with({.route_alias = {{"auth-0", "x7"}, {"n1", "n2"}, {"n2", "n1"}}}));
    // The corpus holds values that these keys signed.
    made.push_back(codec_with({.keys = {{.id = 'a', .secret = std::string(32, 'A')},
                                        {.id = 'b', .secret = std::string(32, 'B')}}}));
    return made;
  }();
  return all;
}

std::string_view without_route(std::string_view value) { return value.substr(0, value.find('.')); }

// Each value has one spelling, up to a route that is nobody's and the key that signed it.
void check_canonical(const CookieCodec& codec, const CookieCandidate& candidate,
                     std::string_view value) {
  expect(value.size() <= 128, "what is accepted has at most 128 bytes");
  if (candidate.older_key) {
    expect(codec.reissue(candidate, ""), "what an older key signed is reissued");
    return;
  }
  const std::string again = codec.value(candidate.id, candidate.route);
  if (candidate.route.empty() || !codec.options().attach_route) {
    expect(again == without_route(value), "what is accepted is written the same way");
  } else {
    expect(again == value, "what is accepted is written the same way, route included");
    expect(!codec.reissue(candidate, candidate.route), "the right route is not reissued");
  }
}

void check_value(const CookieCodec& codec, std::string_view value) {
  const auto candidate = codec.read(value);
  if (candidate.ok()) check_canonical(codec, *candidate, value);

  const bool is_one_pair = value.find(';') == std::string_view::npos;
  const bool is_padded = value.ends_with(' ') || value.ends_with('\t');
  if (is_one_pair && !is_padded) {
    const std::string header = "__Host-sid=" + std::string(value);
    const std::vector<std::string_view> headers = {header};
    const CookieCodec::Found found = codec.find(headers);
    expect(found.candidates.size() == (candidate.ok() ? 1 : 0), "find() takes what read() takes");
    expect(found.candidates.size() + found.rejected == 1, "find() counts what it does not take");
  }
}

void check_writing(const CookieCodec& codec, std::string_view input) {
  const auto id = SessionId::parse(without_route(input));
  if (!id.ok()) return;
  const std::string_view owner =
      input.substr(std::min(without_route(input).size() + 1, input.size()));

  const std::string value = codec.value(*id, owner);
  const auto candidate = codec.read(value);
  expect(candidate.ok(), "what is written can be read");
  expect(candidate->id == *id, "the id that is read is the one that was written");
  expect(candidate->route.empty() || candidate->route == owner,
         "the route that is read is the one that was written");
  expect(!codec.reissue(*candidate, owner), "what was just written is not reissued");
  expect(codec.set_cookie(*id, owner).find_first_of("\r\n") == std::string::npos,
         "a header is one line");

  if (codec.options().keys.empty()) return;
  std::string changed = value;
  changed[input.size() % changed.size()] = input.back();
  const auto read_changed = codec.read(changed);
  if (read_changed.ok())
    expect(read_changed->id == *id, "a signature cannot be moved to another id");
}

void check_headers(const CookieCodec& codec, std::string_view input) {
  std::vector<std::string_view> lines;
  for (std::string_view rest = input;;) {
    const std::size_t end = rest.find('\n');
    lines.push_back(rest.substr(0, end));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }

  const CookieCodec::Found found = codec.find(lines);
  expect(found.candidates.size() <= 8, "there are at most eight candidates");
  const auto cookies = static_cast<std::size_t>(std::ranges::count(input, '='));
  expect(found.candidates.size() + found.rejected <= cookies, "no cookie counts twice");
  for (const CookieCandidate& candidate : found.candidates) {
    expect(input.find(candidate.id.text()) != std::string_view::npos, "ids come from the input");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const CookieCodec& codec : codecs()) {
    check_value(codec, input);
    check_writing(codec, input);
    check_headers(codec, input);
  }
  return 0;
}
