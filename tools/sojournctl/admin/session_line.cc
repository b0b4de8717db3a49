#include "sojournctl/admin/session_line.h"

#include <absl/strings/escaping.h>

#include <nlohmann/json.hpp>

namespace sojournctl {
namespace {

using Json = nlohmann::ordered_json;

bool is_utf8(const std::string& text) {
  try {
    (void)Json(text).dump();
    return true;
  } catch (const Json::type_error&) {
    return false;
  }
}

Json text_json(const std::string& text) {
  if (is_utf8(text)) return text;
  return {{"base64", absl::Base64Escape(text)}};
}

std::string text_of(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  std::string text;
  if (!absl::Base64Unescape(json.at("base64").get<std::string>(), &text)) {
    throw std::invalid_argument("what should be base64 is not");
  }
  return text;
}

// A pair each, and no object: names need not be UTF-8.
template <typename Message>
Json attributes_json(const Message& message) {
  Json list = Json::array();
  for (const v1::Attribute& attribute : message.attributes()) {
    list.push_back(Json::array({text_json(attribute.name()), text_json(attribute.value())}));
  }
  return list;
}

template <typename Message>
void read_attributes(const Json& json, Message& message) {
  for (const Json& pair : json) {
    v1::Attribute& attribute = *message.add_attributes();
    attribute.set_name(text_of(pair.at(0)));
    attribute.set_value(text_of(pair.at(1)));
  }
}

v1::ExportedSession read(const Json& json) {
  v1::ExportedSession session;
  session.set_id(json.at("id").get<std::string>());
  session.set_subject(text_of(json.at("subject")));
  session.set_remembered(json.at("remembered").get<bool>());
  session.set_idle_ms(json.at("idle_ms").get<std::uint64_t>());
  session.set_unseen_ms(json.at("unseen_ms").get<std::uint64_t>());
  session.set_left_ms(json.at("left_ms").get<std::uint64_t>());
  read_attributes(json.at("attributes"), session);
  for (const Json& label : json.at("labels")) {
    v1::Label& added = *session.add_labels();
    added.set_name(text_of(label.at(0)));
    added.set_value(text_of(label.at(1)));
  }
  for (const Json& tab : json.at("tabs")) {
    v1::Tab& added = *session.add_tabs();
    added.set_name(text_of(tab.at("name")));
    read_attributes(tab.at("attributes"), added);
  }
  return session;
}

}  // namespace

std::string header_line(const SessionFileHeader& header) {
  const Json json = {
      {"sojourn_sessions", kSessionFileVersion},
      {"cluster", text_json(header.cluster)},
      {"at_ms", std::chrono::duration_cast<std::chrono::milliseconds>(header.at.time_since_epoch())
                    .count()}};
  return json.dump();
}

absl::StatusOr<SessionFileHeader> header_of_line(std::string_view line) {
  const Json json = Json::parse(line, nullptr, false);
  const auto found = json.is_object() ? json.find("sojourn_sessions") : json.end();
  if (found == json.end() || !found->is_number_integer()) {
    return absl::InvalidArgumentError("this is no file of exported sessions");
  }
  if (found->get<int>() != kSessionFileVersion) {
    return absl::InvalidArgumentError("the file has format " + std::to_string(found->get<int>()) +
                                      ", and this program knows format " +
                                      std::to_string(kSessionFileVersion));
  }
  try {
    SessionFileHeader header;
    header.cluster = text_of(json.at("cluster"));
    header.at += std::chrono::milliseconds(json.at("at_ms").get<std::int64_t>());
    return header;
  } catch (const std::exception&) {
    return absl::InvalidArgumentError("the first line does not say of which cluster, and when");
  }
}

std::string session_line(const v1::ExportedSession& session) {
  Json json = {
      {"id", session.id()},
      {"subject", text_json(session.subject())},
      {"remembered", session.remembered()},
      {"idle_ms", session.idle_ms()},
      {"unseen_ms", session.unseen_ms()},
      {"left_ms", session.left_ms()},
      {"attributes", attributes_json(session)},
  };
  json["labels"] = Json::array();
  for (const v1::Label& label : session.labels()) {
    json["labels"].push_back(Json::array({text_json(label.name()), text_json(label.value())}));
  }
  json["tabs"] = Json::array();
  for (const v1::Tab& tab : session.tabs()) {
    json["tabs"].push_back({{"name", text_json(tab.name())}, {"attributes", attributes_json(tab)}});
  }
  return json.dump();
}

absl::StatusOr<v1::ExportedSession> session_of_line(std::string_view line) {
  const Json json = Json::parse(line, nullptr, false);
  if (json.is_discarded()) return absl::InvalidArgumentError("it is not JSON");
  try {
    return read(json);
  } catch (const std::exception&) {
    // What the library says repeats values, and ids are among them.
    return absl::InvalidArgumentError("a field of a session is missing, or of another type");
  }
}

}  // namespace sojournctl
