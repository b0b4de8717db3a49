// What the session cookie costs a request.

#include <benchmark/benchmark.h>
#include <sojourn/cookie.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sojourn {
namespace {

const SessionId kId = *SessionId::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYX");
constexpr std::string_view kOwner = "auth-0";

// Shared by all threads, as in a server.
const CookieCodec& unsigned_codec() {
  static const CookieCodec codec = *CookieCodec::make({});
  return codec;
}

const CookieCodec& signing_codec() {
  static const CookieCodec codec =
      *CookieCodec::make({.keys = {{.id = 'b', .secret = std::string(32, 'B')},
                                   {.id = 'a', .secret = std::string(32, 'A')}}});
  return codec;
}

// The Cookie header of a browser with some other cookies.
std::string header_with(const std::string& value) {
  return "_ga=GA1.1.1234567890.1700000000; theme=dark; lang=de-CH; consent=yes; "
         "__Host-sid=" +
         value + "; cart=4f1c2a9e-5d0b-4e0e-9a59-0c7a3a1f2b11";
}

template <typename Call>
void measure(benchmark::State& state, const Call& call) {
  for ([[maybe_unused]] const auto iteration : state) benchmark::DoNotOptimize(call());
}

void write_unsigned(benchmark::State& state) {
  measure(state, [&] { return unsigned_codec().value(kId, kOwner); });
}
BENCHMARK(write_unsigned);

void sign(benchmark::State& state) {
  measure(state, [&] { return signing_codec().value(kId, kOwner); });
}
BENCHMARK(sign)->ThreadRange(1, 2)->UseRealTime();

void set_signed_cookie(benchmark::State& state) {
  measure(state, [&] { return signing_codec().set_cookie(kId, kOwner); });
}
BENCHMARK(set_signed_cookie);

void read_unsigned(benchmark::State& state) {
  const std::string value = unsigned_codec().value(kId, kOwner);
  measure(state, [&] { return unsigned_codec().read(value); });
}
BENCHMARK(read_unsigned);

void verify(benchmark::State& state) {
  const std::string value = signing_codec().value(kId, kOwner);
  measure(state, [&] { return signing_codec().read(value); });
}
BENCHMARK(verify)->ThreadRange(1, 2)->UseRealTime();

void refuse_forged(benchmark::State& state) {
  std::string value = signing_codec().value(kId, kOwner);
  value[1] = value[1] == 'x' ? 'y' : 'x';
  measure(state, [&] { return signing_codec().read(value); });
}
BENCHMARK(refuse_forged);

void find_unsigned(benchmark::State& state) {
  const std::string header = header_with(unsigned_codec().value(kId, kOwner));
  const std::vector<std::string_view> headers = {header};
  measure(state, [&] { return unsigned_codec().find(headers); });
}
BENCHMARK(find_unsigned);

void find_signed(benchmark::State& state) {
  const std::string header = header_with(signing_codec().value(kId, kOwner));
  const std::vector<std::string_view> headers = {header};
  measure(state, [&] { return signing_codec().find(headers); });
}
BENCHMARK(find_signed);

// A header as large as servers usually take, full of forged cookies of the name.
void find_in_8_kib_of_forged(benchmark::State& state) {
  std::string value = signing_codec().value(kId, kOwner);
  value[1] = value[1] == 'x' ? 'y' : 'x';
  std::string header;
  while (header.size() < 8192) header += "__Host-sid=" + value + "; ";
  const std::vector<std::string_view> headers = {header};
  measure(state, [&] { return signing_codec().find(headers); });
}
BENCHMARK(find_in_8_kib_of_forged);

}  // namespace
}  // namespace sojourn
