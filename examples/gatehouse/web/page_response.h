#pragma once

#include <string>
#include <string_view>

#include "gatehouse/http/response.h"
#include "gatehouse/web/pages.h"

namespace gatehouse {

// A page as a response, with the headers that tell the browser to trust nothing but it: no script
// at all, styles and images only from the portal, forms only to this server, no framing, no type
// guessing, no referrer to other sites. (Referrer-Policy is not no-referrer: browsers would send
// "Origin: null" with the forms.)
//
// `form_leads_to` is the absolute URL, if any, that the answer to the page's form may redirect to:
// browsers apply form-action to redirects as well.
Response page_response(const PageBase& base, int status, Markup page,
                       std::string_view form_leads_to = {});

// The same for a page that loads a script of the portal's, which asks the portal for news.
Response live_page_response(const PageBase& base, Markup page);

// A file that the pages load. May be kept by the browser for ever: its address changes with it.
Response asset_response(std::string_view content_type, std::string_view content);

// Changes whenever an asset does.
const std::string& assets_version();

}  // namespace gatehouse
