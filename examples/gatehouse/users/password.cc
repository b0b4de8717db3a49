#include "gatehouse/users/password.h"

#include <absl/status/status.h>
#include <crypt.h>

#include <algorithm>
#include <memory>

namespace gatehouse {
namespace {

constexpr int kCostMin = 4;
constexpr int kCostMax = 16;  // 16 takes seconds: more would only lock people out
constexpr std::size_t kHashSize = 60;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// As crypt_r(): empty when it fails. crypt_data has 32 KiB and holds what it computed with, which
// libxcrypt wipes.
std::string bcrypt(const std::string& password, const std::string& setting) {
  const auto data = std::make_unique<crypt_data>();
  const char* result = crypt_r(password.c_str(), setting.c_str(), data.get());
  return result == nullptr ? std::string() : std::string(result);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  }
  return difference == 0;
}

}  // namespace

bool is_bcrypt(std::string_view hash) {
  const auto is_base64 = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '.' || c == '/';
  };
  if (hash.size() != kHashSize || hash[6] != '$') return false;
  if (!hash.starts_with("$2a$") && !hash.starts_with("$2b$") && !hash.starts_with("$2y$"))
    return false;
  if (!is_digit(hash[4]) || !is_digit(hash[5])) return false;
  const int cost = bcrypt_cost(hash);
  return cost >= kCostMin && cost <= kCostMax && std::ranges::all_of(hash.substr(7), is_base64);
}

int bcrypt_cost(std::string_view hash) { return (hash[4] - '0') * 10 + (hash[5] - '0'); }

absl::StatusOr<std::string> parse_password_hash(std::string_view text) {
  constexpr std::string_view kPrefix = "bcrypt:";
  if (!text.starts_with(kPrefix)) {
    return absl::InvalidArgumentError(
        "a password must be given as bcrypt:10:HASH, see 'gatehouse hash-password'");
  }
  text.remove_prefix(kPrefix.size());
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string_view hash = text.substr(std::min(colon + 1, text.size()));
  if (!is_bcrypt(hash)) return absl::InvalidArgumentError("the password's hash is not bcrypt's");
  if (text.substr(0, colon) != std::to_string(bcrypt_cost(hash))) {
    return absl::InvalidArgumentError("the password's cost is not the one in its hash");
  }
  return std::string(hash);
}

absl::StatusOr<std::string> hash_password(std::string_view password, int cost) {
  if (password.empty()) return absl::InvalidArgumentError("the password is empty");
  if (password.size() > kPasswordBytesMax) {
    return absl::InvalidArgumentError(
        "the password is longer than 72 bytes, all that bcrypt looks at");
  }
  if (password.find('\0') != std::string_view::npos) {
    return absl::InvalidArgumentError("the password holds a NUL");
  }
  if (cost < kCostMin || cost > kCostMax) {
    return absl::InvalidArgumentError("the cost must be from 4 to 16");
  }
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  if (crypt_gensalt_rn("$2b$", static_cast<unsigned long>(cost), nullptr, 0, setting,
                       sizeof setting) == nullptr) {
    return absl::InternalError("no salt could be made");
  }
  const std::string hash = bcrypt(std::string(password), setting);
  if (!is_bcrypt(hash)) return absl::InternalError("libcrypt has no bcrypt");
  return "bcrypt:" + std::to_string(cost) + ":" + hash;
}

bool password_matches(std::string_view password, const std::string& hash) {
  const bool is_whole =
      password.size() <= kPasswordBytesMax && password.find('\0') == std::string_view::npos;
  // Hashed in any case, so that the time tells nothing.
  const std::string result = bcrypt(std::string(password), hash);
  return equal_in_constant_time(result, hash) && is_whole;
}

std::string unmatchable_hash(int cost) {
  // A checksum of nothing but '.' would be one chance in 2^184.
  const std::string digits = std::to_string(cost);
  return "$2b$" + (digits.size() == 1 ? "0" + digits : digits) + "$" + std::string(53, '.');
}

}  // namespace gatehouse
