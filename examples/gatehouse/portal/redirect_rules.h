#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gatehouse {

// "trust login redirect uri domain exact|suffix DOMAIN path exact|prefix PATH".
struct RedirectRule {
  enum class Match { kExact, kSuffix, kPrefix };

  Match domain_match = Match::kExact;  // kExact or kSuffix
  std::string domain = {};             // in lower case
  Match path_match = Match::kExact;    // kExact or kPrefix
  std::string path = {};
};

// The URL to send a browser to, in the spelling that was checked, if `text` is one that a rule
// trusts. A suffix begins at a label: "example.com" matches example.com and app.example.com, not
// evilexample.com. Nothing for every other text: an open redirect would lend this server's good
// name to any phishing page.
std::optional<std::string> trusted_redirect(std::string_view text,
                                            std::span<const RedirectRule> rules);

// The same for the portal's own pages that people without a session may have asked for, with their
// query: "/auth/sessions?page=2", where `portal` is "/auth".
std::optional<std::string> own_page(std::string_view text, std::string_view portal);

}  // namespace gatehouse
