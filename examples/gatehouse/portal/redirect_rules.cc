#include "gatehouse/portal/redirect_rules.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "gatehouse/http/url.h"

namespace gatehouse {
namespace {

bool domain_matches(const RedirectRule& rule, std::string_view host) {
  if (host == rule.domain) return true;
  return rule.domain_match == RedirectRule::Match::kSuffix && host.ends_with("." + rule.domain);
}

bool path_matches(const RedirectRule& rule, std::string_view path) {
  return rule.path_match == RedirectRule::Match::kPrefix ? path.starts_with(rule.path)
                                                         : path == rule.path;
}

}  // namespace

std::optional<std::string> trusted_redirect(std::string_view text,
                                            std::span<const RedirectRule> rules) {
  const auto url = Url::parse(text);
  if (!url) return std::nullopt;
  const bool is_trusted = std::ranges::any_of(rules, [&url](const RedirectRule& rule) {
    return domain_matches(rule, url->host) && path_matches(rule, url->path);
  });
  return is_trusted ? std::optional(url->text()) : std::nullopt;
}

std::optional<std::string> own_page(std::string_view text, std::string_view portal) {
  constexpr std::size_t kSizeMax = 2048;
  static constexpr std::string_view kPages[] = {"/sessions", "/admin", "/console", "/whoami"};
  const bool is_plain = std::ranges::all_of(
      text, [](char c) { return c > ' ' && c < '\x7f' && c != '#' && c != '\\'; });
  if (text.size() > kSizeMax || !is_plain || !text.starts_with(portal)) return std::nullopt;
  const std::string_view rest = text.substr(portal.size());
  const bool is_own = std::ranges::find(kPages, rest.substr(0, rest.find('?'))) != std::end(kPages);
  return is_own ? std::optional(std::string(text)) : std::nullopt;
}

}  // namespace gatehouse
