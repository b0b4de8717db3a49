#include "base/crypto.h"

#include <algorithm>
#include <atomic>
#include <latch>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.h"

namespace sojourn {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

std::string to_hex(std::string_view bytes) {
  std::string hex;
  for (const char byte : bytes) {
    hex += kDigits[static_cast<unsigned char>(byte) >> 4];
    hex += kDigits[static_cast<unsigned char>(byte) & 15];
  }
  return hex;
}

HmacSha256 keyed_with(std::string_view secret) {
  absl::StatusOr<HmacSha256> hmac = HmacSha256::make(secret);
  REQUIRE(hmac.ok());
  return *std::move(hmac);
}

std::string hex_digest(const HmacSha256& hmac, std::string_view message) {
  const HmacSha256::Digest digest = hmac.compute(message);
  return to_hex({digest.data(), digest.size()});
}

std::string bytes_up_to(int last) {
  std::string bytes;
  for (int byte = 1; byte <= last; ++byte) bytes += static_cast<char>(byte);
  return bytes;
}

struct HmacVector {
  std::string key;
  std::string message;
  std::string digest;
};

TEST_CASE("HMAC-SHA256 gives the digests of RFC 4231", "[crypto]") {
  const auto vector = GENERATE(values<HmacVector>({
      {std::string(20, '\x0b'), "Hi There",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {std::string(20, '\xaa'), std::string(50, '\xdd'),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {bytes_up_to(25), std::string(50, '\xcd'),
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {std::string(131, '\xaa'),
       "This is a test using a larger than block-size key and a larger than block-size data. The "
       "key needs to be hashed before being used by the HMAC algorithm.",
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  }));

  CHECK(hex_digest(keyed_with(vector.key), vector.message) == vector.digest);
}

TEST_CASE("an HMAC cut to 128 bits begins as RFC 4231 says", "[crypto]") {
  const HmacSha256 hmac = keyed_with(std::string(20, '\x0c'));

  CHECK(hex_digest(hmac, "Test With Truncation").starts_with("a3b6167473100ee06e0c796c2955552b"));
}

TEST_CASE("an HMAC can be made of nothing with an empty key", "[crypto]") {
  CHECK(hex_digest(keyed_with({}), {}) ==
        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_CASE("one key computes again and again without remembering the last message", "[crypto]") {
  const HmacSha256 hmac = keyed_with("Jefe");
  const std::string first = hex_digest(hmac, "first");

  for (int i = 0; i < 100; ++i) hex_digest(hmac, std::string(i, 'x'));

  CHECK(hex_digest(hmac, "first") == first);
}

constexpr int kThreads = 12;  // more than there are contexts

TEST_CASE("threads that compute at the same time get their own digests", "[crypto]") {
  const HmacSha256 hmac = keyed_with("Jefe");
  std::atomic<int> wrong = 0;
  std::latch start(kThreads);

  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      // Long enough for the others to come in between.
      std::string message(32768, static_cast<char>('a' + i));
      std::string expected = hex_digest(keyed_with("Jefe"), message);
      threads.emplace_back([&, message = std::move(message), expected = std::move(expected)] {
        start.arrive_and_wait();
        for (int n = 0; n < 400; ++n) wrong += hex_digest(hmac, message) != expected ? 1 : 0;
      });
    }
  }

  CHECK(wrong == 0);
}

TEST_CASE("strings are equal in constant time when all their bytes are", "[crypto]") {
  CHECK(equal_in_constant_time("abc", "abc"));
  CHECK(equal_in_constant_time("", ""));
  CHECK(equal_in_constant_time(std::string_view("a\0b", 3), std::string_view("a\0b", 3)));
  CHECK_FALSE(equal_in_constant_time("abc", "abd"));
  CHECK_FALSE(equal_in_constant_time("abc", "xbc"));
  CHECK_FALSE(equal_in_constant_time("abc", "abcd"));
  CHECK_FALSE(equal_in_constant_time("abc", ""));
  CHECK_FALSE(equal_in_constant_time(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

TEST_CASE("a wiped secret is gone from its memory", "[crypto]") {
  std::string secret(64, 's');
  secret.resize(40);

  wipe(secret);

  CHECK(secret.empty());
  const std::string_view memory(secret.data(), secret.capacity());
  CHECK(memory.find('s') == std::string_view::npos);
}

struct Base64Vector {
  std::string bytes;
  std::string text;
};

TEST_CASE("base64url writes the texts of RFC 4648 without padding and reads them back",
          "[crypto]") {
  const auto vector = GENERATE(values<Base64Vector>({
      {"", ""},
      {"f", "Zg"},
      {"fo", "Zm8"},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg"},
      {"fooba", "Zm9vYmE"},
      {"foobar", "Zm9vYmFy"},
      {"\x14\xfb\x9c\x03\xd9\x7e", "FPucA9l-"},
      {"\xff\xff\xff", "____"},
      {std::string(3, '\0'), "AAAA"},
  }));

  CHECK(base64url_encode(vector.bytes) == vector.text);
  CHECK(base64url_decode(vector.text) == vector.bytes);
  CHECK(base64url_size(vector.bytes.size()) == vector.text.size());
}

TEST_CASE("every single byte survives base64url", "[crypto]") {
  for (int value = 0; value < 256; ++value) {
    const std::string byte(1, static_cast<char>(value));

    const std::string text = base64url_encode(byte);

    CHECK(base64url_decode(text) == byte);
    CHECK(std::all_of(text.begin(), text.end(), is_base64url));
  }
}

TEST_CASE("base64url refuses what it would not have written", "[crypto]") {
  const auto text = GENERATE(values<std::string>({
      "A",  // no byte ends after six bits
      "AAAAA",
      "Zg==",  // padding
      "Zm9+",  // the other alphabet
      "Zm9/",
      "Zm9 ",
      "Zm 9",
      "Zm9v\n",
      "Zh",  // bits after the last byte
      "Zm9",
      "\xc3\xa9\xc3\xa9",
      std::string("Zm\0v", 4),
  }));

  CHECK_FALSE(base64url_decode(text).has_value());
}

}  // namespace
}  // namespace sojourn
