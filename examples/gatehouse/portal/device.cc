#include "gatehouse/portal/device.h"

#include <algorithm>
#include <span>

namespace gatehouse {
namespace {

struct Sign {
  std::string_view text;
  std::string_view name;
};

// Many browsers name older ones as well, so whoever is named by others stands further down.
constexpr Sign kBrowsers[] = {
    {"Edg/", "Edge"},
    {"EdgA/", "Edge"},
    {"EdgiOS/", "Edge"},
    {"OPR/", "Opera"},
    {"Vivaldi/", "Vivaldi"},
    {"SamsungBrowser/", "Samsung Internet"},
    {"Firefox/", "Firefox"},
    {"FxiOS/", "Firefox"},
    {"CriOS/", "Chrome"},
    {"Chrome/", "Chrome"},
    {"Safari/", "Safari"},
    {"curl/", "curl"},
    {"Wget/", "Wget"},
    {"python", "a Python program"},
    {"Python", "a Python program"},
    {"Go-http-client/", "a Go program"},
};

// Android says Linux, and iPhones say that they are like Mac OS X.
constexpr Sign kSystems[] = {
    {"iPhone", "an iPhone"},   {"iPad", "an iPad"},    {"Android", "Android"}, {"CrOS", "ChromeOS"},
    {"Windows NT", "Windows"}, {"Macintosh", "a Mac"}, {"FreeBSD", "FreeBSD"}, {"Linux", "Linux"},
};

std::string_view name_in(std::string_view text, std::span<const Sign> signs) {
  const auto found = std::ranges::find_if(
      signs, [text](const Sign& sign) { return text.find(sign.text) != std::string_view::npos; });
  return found == signs.end() ? std::string_view() : found->name;
}

}  // namespace

std::string device_of(std::string_view user_agent) {
  const std::string_view browser = name_in(user_agent, kBrowsers);
  const std::string_view system = name_in(user_agent, kSystems);
  if (browser.empty() && system.empty()) return "Unknown device";
  std::string device(browser.empty() ? "Unknown browser" : browser);
  if (!system.empty()) device += " on " + std::string(system);
  // It begins a line.
  if (browser.starts_with("a ")) device[0] = 'A';
  return device;
}

}  // namespace gatehouse
