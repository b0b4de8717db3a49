#include "unit/transport/participant.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/hash.h"

namespace sojourn::transport {
namespace {

// Longer than anything takes, even under a sanitizer on a busy machine.
constexpr std::chrono::seconds kFarTooLong{30};

int count_with(const std::vector<std::string>& lines, const std::string& text) {
  return static_cast<int>(std::count_if(lines.begin(), lines.end(), [&](const std::string& line) {
    return line.find(text) != std::string::npos;
  }));
}

}  // namespace

Time now() {
  return Time(
      std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

StoreOptions options_of(const std::string& self, const std::vector<int>& ports) {
  StoreOptions options;
  options.cluster = "test";
  options.name = self;
  options.insecure = true;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    options.members.push_back({.name = std::string(1, static_cast<char>('a' + i)),
                               .address = "127.0.0.1:" + std::to_string(ports[i])});
  }
  return options;
}

replication::Request request(std::uint64_t number, std::size_t value_bytes) {
  return {.number = number,
          .settled = number,
          .time_left = std::chrono::seconds(1),
          .operation = {.verb = replication::Verb::kPatch,
                        .id = "id",
                        .steps = {{"name", std::string(value_bytes, 'x')}}}};
}

std::uint64_t number_of(const node::Envelope& envelope) {
  return std::get<replication::Request>(envelope.message).number;
}

int Participant::Seen::ups(const std::string& peer) const {
  return static_cast<int>(std::count(changes.begin(), changes.end(), "up " + peer));
}
int Participant::Seen::downs(const std::string& peer) const {
  return count_with(changes, "down " + peer + ": ");
}
int Participant::Seen::refused(const std::string& text) const { return count_with(refusals, text); }

Presence presence_of(const StoreOptions& options, std::uint64_t incarnation) {
  Presence presence = {.incarnation = Incarnation{incarnation}};
  for (const MemberOptions& member : options.members) {
    if (member.name == options.name) {
      presence.listen = member.address;
      presence.address = member.address;
    } else {
      presence.peers.push_back({.name = member.name, .address = member.address});
    }
  }
  return presence;
}

Participant::Participant(StoreOptions options, std::uint64_t incarnation)
    : Participant(options, presence_of(options, incarnation), false) {}

Participant::Participant(StoreOptions options, Presence presence, bool welcomes)
    : options_(std::move(options)), incarnation_(presence.incarnation) {
  const auto clock = [this] {
    const Time stopped = stopped_at_;
    return stopped == Time() ? now() : stopped;
  };
  auto opened = open_transport(options_, std::move(presence), clock, events(welcomes));
  status_ = opened.status();
  if (!opened.ok()) return;
  transport_ = *std::move(opened);
  flushed_ = transport_.get();
}

absl::Status Participant::queue(const std::string& to, const node::Message& message) {
  return transport_->send(to, {.cluster = stable_hash(options_.cluster),
                               .generation = 1,
                               .epoch = 1,
                               .from = incarnation_,
                               .message = message});
}

absl::Status Participant::send(const std::string& to, const node::Message& message) {
  absl::Status status = queue(to, message);
  transport_->flush();
  return status;
}

absl::Status Participant::look_up(const std::string& to) {
  const replication::Lookup lookup = {
      .number = 1, .time_left = std::chrono::seconds(1), .id = "id"};
  const Taken taken = transport_->send(to, std::span(&lookup, 1));
  transport_->flush();
  return taken.status;
}

Participant::Seen Participant::seen() {
  std::lock_guard<std::mutex> lock(mutex_);
  return seen_;
}

bool Participant::wait(const std::function<bool(const Seen&)>& condition) {
  std::unique_lock<std::mutex> lock(mutex_);
  return changed_.wait_for(lock, kFarTooLong, [&] { return condition(seen_); });
}

void Participant::reincarnate(std::uint64_t incarnation) {
  incarnation_ = Incarnation{incarnation};
  transport_->reincarnate(incarnation_);
}

bool Participant::wait_up(const std::string& peer, int times) {
  return wait([&](const Seen& seen) { return seen.ups(peer) >= times; });
}
bool Participant::wait_down(const std::string& peer) {
  return wait([&](const Seen& seen) { return seen.downs(peer) > 0; });
}
bool Participant::wait_gone(const std::string& peer, std::uint64_t incarnation) {
  return wait([&](const Seen& seen) {
    return count_with(seen.changes, "gone " + peer + " " + std::to_string(incarnation)) > 0;
  });
}
bool Participant::wait_introduced(const std::string& text) {
  return wait([&](const Seen& seen) { return seen.introduced.count(text) > 0; });
}
bool Participant::wait_refused(const std::string& text) {
  return wait([&](const Seen& seen) { return seen.refused(text) > 0; });
}
bool Participant::wait_envelopes(std::size_t count) {
  return wait([&](const Seen& seen) { return seen.envelopes.size() >= count; });
}

bool Participant::wait_found(std::size_t count) {
  return wait([&](const Seen& seen) { return seen.found >= count; });
}

// As the runtime does it.
void Participant::receive(const std::string& from, wire::Frame frame) {
  Transport* const transport = flushed_;
  const bool handled = frame.envelopes.empty() || !busy_;
  std::vector<replication::Found> found;
  for (const replication::Lookup& lookup : frame.lookups) {
    found.push_back({.number = lookup.number, .declined = true});
  }
  if (transport && !found.empty() && !silent_) transport->send(from, found);
  note([&] {
    ++seen_.frames;
    seen_.found += frame.found.size();
    std::move(frame.envelopes.begin(), frame.envelopes.end(), std::back_inserter(seen_.envelopes));
  });
  if (transport && handled) transport->flush();
}

void Participant::follow_frame() {
  std::unique_lock<std::mutex> lock(mutex_);
  ++seen_.after_frames;
  changed_.notify_all();
  changed_.wait(lock, [this] { return !paused_; });
}

void Participant::go_on() {
  note([this] { paused_ = false; });
}

Events Participant::events(bool welcomes) {
  Events events = {
      .on_frame = [this](const std::string& from,
                         wire::Frame frame) { receive(from, std::move(frame)); },
      .after_frame = [this] { follow_frame(); },
      .on_up =
          [this](const std::string& peer) { note([&] { seen_.changes.push_back("up " + peer); }); },
      .on_down =
          [this](const std::string& peer, const std::string& reason) {
            note([&] { seen_.changes.push_back("down " + peer + ": " + reason); });
          },
      .on_refused =
          [this](const std::string& reason) { note([&] { seen_.refusals.push_back(reason); }); },
      .on_gone =
          [this](const std::string& peer, Incarnation incarnation) {
            note([&] {
              seen_.changes.push_back("gone " + peer + " " + std::to_string(incarnation.value));
            });
          },
  };
  if (welcomes) {
    events.on_introduced = [this](const std::string& name, const std::string& address) {
      note([&] { seen_.introduced.insert(name + " at " + address); });
    };
  }
  return events;
}

void Participant::note(const std::function<void()>& change) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    change();
  }
  changed_.notify_all();
}

}  // namespace sojourn::transport
