#include "gatehouse/portal/device.h"

#include "support/catch.h"

namespace gatehouse {
namespace {

struct Known {
  std::string user_agent;
  std::string device;
};

}  // namespace

TEST_CASE("a device is told by browser and system", "[gatehouse][device]") {
  const auto known = GENERATE(values<Known>({
      {"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
       "Firefox on Linux"},
      {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
       "Chrome/126.0.0.0 Safari/537.36",
       "Chrome on Windows"},
      {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
       "Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
       "Edge on Windows"},
      {"Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) "
       "Version/17.4 Safari/605.1.15",
       "Safari on a Mac"},
      {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
       "Gecko) CriOS/126.0 Mobile/15E148 Safari/604.1",
       "Chrome on an iPhone"},
      {"Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) "
       "SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
       "Samsung Internet on Android"},
      {"curl/7.88.1", "curl"},
      {"python-requests/2.31", "A Python program"},
      {"Mozilla/5.0 (X11; Linux x86_64) Unheard/1.0", "Unknown browser on Linux"},
      {"", "Unknown device"},
      {"<script>alert(1)</script>", "Unknown device"},
  }));

  CHECK(device_of(known.user_agent) == known.device);
}

}  // namespace gatehouse
