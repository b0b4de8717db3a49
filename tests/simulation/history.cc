#include "simulation/history.h"

#include <absl/strings/str_format.h>

#include "simulation/trace.h"

namespace sojourn::simulation {
namespace {

// Enough of an id to tell it from the others of its history.
std::string shorten(const std::string& id) { return id.empty() ? "(new)" : id.substr(0, 8); }

std::string describe(const Version& version) {
  return absl::StrFormat("v%d.%d", version.epoch, version.sequence);
}

std::string when(Time time) { return time == Time::max() ? "never" : seconds(time); }

}  // namespace

std::string_view name_of(replication::Verb verb) {
  using replication::Verb;
  switch (verb) {
    case Verb::kCreate:
      return "create";
    case Verb::kGet:
      return "get";
    case Verb::kTouch:
      return "touch";
    case Verb::kUpdate:
      return "update";
    case Verb::kPatch:
      return "patch";
    case Verb::kAuthenticate:
      return "authenticate";
    case Verb::kRotate:
      return "rotate";
    case Verb::kRevoke:
      return "revoke";
    case Verb::kEraseTab:
      return "erase tab";
    case Verb::kPutOnce:
      return "put once";
    case Verb::kTake:
      return "take";
    case Verb::kLook:
      return "look at";
    case Verb::kAdd:
      return "add to";
    case Verb::kResetCounter:
      return "reset";
    case Verb::kRevokeToken:
      return "revoke token";
  }
  return "?";
}

void forget_since(Time lost, History& history) {
  std::erase_if(history, [&](const Call& call) { return call.called >= lost; });
  for (Call& call : history) {
    if (call.returned < lost) continue;
    call.returned = Time::max();
    call.session.reset();
    call.companion.reset();
  }
}

std::string describe(const Call& call) {
  const replication::Operation& operation = call.operation;
  std::string text =
      absl::StrFormat("%s..%s %s: %s %s", when(call.called), when(call.returned), call.client,
                      std::string(name_of(operation.verb)), shorten(operation.id));
  for (const Attribute& attribute : operation.attributes) {
    text += " " + attribute.name + "=" + attribute.value;
  }
  for (const Patch::Step& step : operation.steps) {
    if (!step.tab.empty()) text += " in " + step.tab;
    if (!step.tab.empty() && step.name.empty()) continue;
    text += step.value ? " " + step.name + "=" + *step.value : " -" + step.name;
  }
  if (operation.verb == replication::Verb::kCreate ||
      operation.verb == replication::Verb::kAuthenticate) {
    text += absl::StrFormat(" for %ds/%ds", operation.lifetime.idle.count(),
                            operation.lifetime.absolute.count());
  }
  if (!operation.tab.empty()) text += " " + operation.tab;
  if (operation.remembered) text += " remembered";
  if (operation.keep_id) text += " keeping its id";
  if (operation.overlap.count() > 0) {
    text += absl::StrFormat(" with %ds of overlap", operation.overlap.count());
  }
  if (operation.time_left) {
    text += absl::StrFormat(" to end within %ds", operation.time_left->count());
  }
  if (!operation.value.empty()) text += " " + operation.value;
  if (operation.amount > 0) text += absl::StrFormat(" %d", operation.amount);
  if (replication::is_companion_verb(operation.verb)) {
    text += absl::StrFormat(" for %ds", operation.lifetime.absolute.count());
  }
  if (operation.expected_version) text += " if " + describe(*operation.expected_version);

  if (call.returned == Time::max()) return text + " -> ?";
  text += " -> " + absl::StatusCodeToString(call.status);
  if (call.companion) {
    text += absl::StrFormat(" %s %d", call.companion->value, call.companion->count);
  }
  if (!call.session) return text;
  text += " " + shorten(call.session->id) + " " + describe(call.session->version);
  text += call.session->phase == Phase::kLogin ? " login" : " active " + call.session->subject;
  for (const auto& [name, value] : call.session->attributes) text += " " + name + "=" + value;
  for (const Tab& tab : call.session->tabs) {
    text += " " + tab.name + ":";
    for (const Attribute& attribute : tab.attributes) {
      text += " " + attribute.name + "=" + attribute.value;
    }
  }
  if (call.session->remembered) text += " remembered";
  if (!call.session->alias_of.empty()) text += " by alias";
  return text;
}

}  // namespace sojourn::simulation
