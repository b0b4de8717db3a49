#include "base/crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <new>
#include <utility>

namespace sojourn {
namespace {

struct FreeContext {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using ContextPtr = std::unique_ptr<EVP_MAC_CTX, FreeContext>;

struct FreeMac {
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
};

const unsigned char* as_bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

ContextPtr keyed_context(std::string_view secret) {
  const std::unique_ptr<EVP_MAC, FreeMac> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  if (mac == nullptr) return nullptr;
  ContextPtr context(EVP_MAC_CTX_new(mac.get()));
  if (context == nullptr) return nullptr;

  char digest_name[] = "SHA256";  // OpenSSL's parameters are not const
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0),
      OSSL_PARAM_construct_end(),
  };
  // Without a pointer OpenSSL would take "no new key" for an empty secret.
  const std::string_view key = secret.data() == nullptr ? "" : secret;
  if (EVP_MAC_init(context.get(), as_bytes(key), key.size(), parameters) != 1) return nullptr;
  return context;
}

// Numbers the threads in the order of their first computation, so that they start looking for a
// free context at different places. The results do not depend on it.
std::size_t place_of_this_thread() {
  static std::atomic<std::size_t> next{0};
  thread_local const std::size_t place = next.fetch_add(1, std::memory_order_relaxed);
  return place;
}

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::uint8_t kNotInAlphabet = 64;

constexpr std::array<std::uint8_t, 256> kValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNotInAlphabet);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

}  // namespace

// Every context is keyed when this is made. A computation takes one that nobody uses and starts it
// again with the key it has; when all are taken, it works on a copy that it throws away. So nobody
// waits, and the memory is bounded.
struct HmacSha256::Contexts {
  // A cache line each: threads that use neighbours do not slow each other down.
  struct alignas(64) Slot {
    std::atomic<bool> taken{false};
    ContextPtr context;
  };

  // Never computes, so that it can be copied at any time.
  ContextPtr original;
  std::array<Slot, 8> slots;
};

// The use of one context for one computation.
class HmacSha256::Loan {
 public:
  explicit Loan(Contexts& contexts) {
    auto& slots = contexts.slots;
    const std::size_t place = place_of_this_thread();
    for (std::size_t i = 0; i < slots.size(); ++i) {
      Contexts::Slot& slot = slots[(place + i) % slots.size()];
      if (!slot.taken.exchange(true, std::memory_order_acquire)) {
        slot_ = &slot;
        return;
      }
    }
    copy_.reset(EVP_MAC_CTX_dup(contexts.original.get()));
  }
  ~Loan() {
    if (slot_ != nullptr) slot_->taken.store(false, std::memory_order_release);
  }

  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;

  // Null when there was no memory for a copy.
  EVP_MAC_CTX* context() const { return slot_ != nullptr ? slot_->context.get() : copy_.get(); }

 private:
  Contexts::Slot* slot_ = nullptr;
  ContextPtr copy_;
};

absl::StatusOr<HmacSha256> HmacSha256::make(std::string_view secret) {
  auto contexts = std::make_unique<Contexts>();
  contexts->original = keyed_context(secret);
  bool complete = contexts->original != nullptr;
  for (Contexts::Slot& slot : contexts->slots) {
    if (!complete) break;
    slot.context.reset(EVP_MAC_CTX_dup(contexts->original.get()));
    complete = slot.context != nullptr;
  }
  if (!complete) return absl::InternalError("OpenSSL does not offer HMAC-SHA256");
  return HmacSha256(std::move(contexts));
}

HmacSha256::HmacSha256(std::unique_ptr<Contexts> contexts) : contexts_(std::move(contexts)) {}
HmacSha256::HmacSha256(HmacSha256&&) noexcept = default;
HmacSha256& HmacSha256::operator=(HmacSha256&&) noexcept = default;
HmacSha256::~HmacSha256() = default;

HmacSha256::Digest HmacSha256::compute(std::string_view message) const {
  const Loan loan(*contexts_);
  EVP_MAC_CTX* const context = loan.context();

  Digest digest;
  std::size_t size = 0;
  // An initialisation without a key keeps the one that the context has. What can fail from here on
  // is OpenSSL's memory alone.
  if (context == nullptr || EVP_MAC_init(context, nullptr, 0, nullptr) != 1 ||
      EVP_MAC_update(context, as_bytes(message), message.size()) != 1 ||
      EVP_MAC_final(context, reinterpret_cast<unsigned char*>(digest.data()), &size,
                    digest.size()) != 1) {
    throw std::bad_alloc();
  }
  return digest;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void wipe(std::string& secret) {
  // What the string held before it became shorter may still be in its buffer.
  secret.resize(secret.capacity());
  OPENSSL_cleanse(secret.data(), secret.size());
  secret.clear();
}

std::string base64url_encode(std::string_view bytes) {
  std::string text(base64url_size(bytes.size()), '\0');
  base64url_encode(bytes, text.data());
  return text;
}

void base64url_encode(std::string_view bytes, char* out) {
  while (!bytes.empty()) {
    // Three bytes are four characters; what is missing of them counts as zeros and is not written.
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      bits = (bits << 8) | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U);
    }
    const std::size_t count = std::min<std::size_t>(bytes.size(), 3);
    for (std::size_t i = 0; i < base64url_size(count); ++i) {
      *out++ = kAlphabet[(bits >> (18 - 6 * i)) & 63];
    }
    bytes.remove_prefix(count);
  }
}

std::optional<std::string> base64url_decode(std::string_view text) {
  if (text.size() % 4 == 1) return std::nullopt;

  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::uint8_t value = kValues[static_cast<unsigned char>(c)];
    if (value == kNotInAlphabet) return std::nullopt;
    bits = (bits << 6) | value;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes.push_back(static_cast<char>((bits >> count) & 255));
    }
  }
  const std::uint32_t unused = bits & ((1U << count) - 1);
  if (unused != 0) return std::nullopt;
  return bytes;
}

}  // namespace sojourn
