#include "simulation/network.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/hash.h"

namespace sojourn::simulation {

Network::Network(NetworkOptions options, std::size_t members, std::uint64_t cluster,
                 EventQueue& events, Random& random, NetworkUser& user)
    : options_(options), cluster_(cluster), events_(events), random_(random), user_(user) {
  if (options_.mode == NetworkOptions::Mode::kDatagrams) return;
  for (std::size_t a = 0; a < members; ++a) {
    for (std::size_t b = a + 1; b < members; ++b) {
      Link& link = links_[{a, b}];
      link.members[0] = a;
      link.members[1] = b;
      dial_later(link);
    }
  }
}

std::pair<Network::Link*, std::size_t> Network::link(std::size_t from, std::size_t to) {
  return {&links_.at(std::minmax(from, to)), from < to ? 0u : 1u};
}

template <typename Message>
absl::Status Network::push(std::size_t from, std::size_t to, const Message& message) {
  const auto [link, side] = this->link(from, to);
  std::optional<wire::Outbox>& outbox = link->ends[side].outbox;
  if (!outbox) return absl::UnavailableError("the member is not connected");
  absl::Status status = outbox->push(message, user_.local_time(from));
  // As the transport says it.
  if (absl::IsUnavailable(status)) return absl::ResourceExhaustedError(status.message());
  return status;
}

absl::Status Network::send(std::size_t from, std::size_t to, const node::Envelope& envelope) {
  if (options_.mode == NetworkOptions::Mode::kStreams) return push(from, to, envelope);

  Datagram datagram = this->datagram(from, to, {.from = envelope.from, .envelopes = {envelope}});
  const Fate fate = filter_ ? filter_(from, to, envelope) : Fate::kByChance;
  if (fate == Fate::kLost) return absl::OkStatus();
  if (fate != Fate::kByChance) held_.push_back(datagram);
  if (fate != Fate::kHeld) send(std::move(datagram));
  return absl::OkStatus();
}

absl::Status Network::send(std::size_t from, std::size_t to, const replication::Lookup& lookup) {
  if (options_.mode == NetworkOptions::Mode::kStreams) return push(from, to, lookup);
  send(read_datagram(from, to, {.from = *user_.incarnation(from), .lookups = {lookup}}));
  return absl::OkStatus();
}

void Network::send(std::size_t from, std::size_t to, const replication::Found& found) {
  if (options_.mode == NetworkOptions::Mode::kStreams) {
    // What cannot be sent is dropped, as by the transport.
    if (!push(from, to, found).ok()) return;
  } else {
    send(read_datagram(from, to, {.from = *user_.incarnation(from), .found = {found}}));
  }
}

Network::Datagram Network::read_datagram(std::size_t from, std::size_t to,
                                         wire::Frame frame) const {
  const std::optional<Incarnation> asked = user_.incarnation(to);
  const std::pair between(frame.from, asked.value_or(Incarnation{}));
  Datagram made = datagram(from, to, std::move(frame));
  made.between = between;
  return made;
}

bool Network::is_too_late(const Datagram& datagram) const {
  return datagram.between && (user_.incarnation(datagram.from) != datagram.between->first ||
                              user_.incarnation(datagram.to) != datagram.between->second);
}

Network::Datagram Network::datagram(std::size_t from, std::size_t to, wire::Frame frame) const {
  frame.number = 1;
  frame.cluster = cluster_;
  return {.from = from, .to = to, .bytes = wire::encode_frame(frame, user_.local_time(from))};
}

void Network::send(Datagram datagram) {
  if (by_chance(options_.loss_permille)) return;
  if (by_chance(options_.repeat_permille)) schedule(datagram, late_delay());
  const Duration delay = by_chance(options_.late_permille) ? late_delay() : this->delay();
  schedule(std::move(datagram), delay);
}

void Network::flush(std::size_t from) {
  for (auto& [members, link] : links_) {
    if (link.members[0] == from) pump(link, 0);
    if (link.members[1] == from) pump(link, 1);
  }
}

void Network::calm() {
  options_.break_permille = 0;
  options_.loss_permille = 0;
  options_.repeat_permille = 0;
  options_.late_permille = 0;
}

void Network::release() {
  for (Datagram& datagram : std::exchange(held_, {})) schedule(std::move(datagram), delay());
}

// Datagrams.

void Network::schedule(Datagram datagram, Duration delay) {
  events_.after(delay,
                [this, datagram = std::move(datagram)]() mutable { arrive(std::move(datagram)); });
}

void Network::arrive(Datagram datagram) {
  if (!user_.incarnation(datagram.to) || cut_.contains({datagram.from, datagram.to})) return;
  if (const Time awake = user_.asleep_until(datagram.to); awake > events_.now()) {
    schedule(std::move(datagram), awake - events_.now());
    return;
  }
  if (is_too_late(datagram)) return;
  if (const auto frame = decode(datagram.from, datagram.to, datagram.bytes)) {
    user_.receive(datagram.to, datagram.from, *frame);
  }
}

// Streams.

void Network::dial_later(Link& link) {
  events_.after(Duration(1) + up_to(options_.redial_max), [this, &link] { dial(link); });
}

void Network::dial(Link& link) {
  if (link.ends[0].outbox || link.ends[1].outbox) return;
  const std::size_t a = link.members[0];
  const std::size_t b = link.members[1];
  const bool reachable = user_.incarnation(a) && user_.incarnation(b) && !cut_.contains({a, b}) &&
                         !cut_.contains({b, a});
  if (!reachable) return dial_later(link);
  ++link.connection;
  link.up = true;
  for (const std::size_t side : {0, 1}) {
    link.ends[side].outbox.emplace(
        wire::OutboxOptions{.cluster = cluster_,
                            .from = *user_.incarnation(link.members[side]),
                            .queue_bytes_max = options_.queue_bytes_max});
  }
}

// Sends what the outbox lets go.
void Network::pump(Link& link, std::size_t side) {
  End& end = link.ends[side];
  if (!end.outbox) return;
  std::optional<std::string> frame = end.outbox->take_frame(user_.local_time(link.members[side]));
  if (!frame) return;
  const std::uint64_t connection = link.connection;
  events_.after(up_to(options_.write_max), [this, &link, side, connection] {
    if (link.connection != connection || !link.ends[side].outbox) return;
    link.ends[side].outbox->written();
    pump(link, side);
  });
  if (!link.up) return;  // into the void, until this side notices
  end.under_way.push_back(*std::move(frame));
  end.last_arrival = std::max(end.last_arrival, events_.now() + delay());
  events_.at(end.last_arrival, [this, &link, side, connection] { arrive(link, side, connection); });
}

// The oldest frame that `side` has under way comes to the other side.
void Network::arrive(Link& link, std::size_t side, std::uint64_t connection) {
  if (link.connection != connection || !link.up) return;
  const std::size_t from = link.members[side];
  const std::size_t to = link.members[1 - side];
  if (cut_.contains({from, to}) || by_chance(options_.break_permille)) {
    return break_connection(link);
  }
  if (const Time awake = user_.asleep_until(to); awake > events_.now()) {
    events_.at(awake, [this, &link, side, connection] { arrive(link, side, connection); });
    return;
  }
  // The ids of lookups are views of it.
  const std::string bytes = std::move(link.ends[side].under_way.front());
  link.ends[side].under_way.pop_front();
  std::optional<wire::Outbox>& outbox = link.ends[1 - side].outbox;
  const auto frame = decode(from, to, bytes);
  if (!frame || !outbox) return;
  if (const absl::Status status = outbox->received(*frame); !status.ok()) {
    return user_.violation("a frame in its order was refused: " + std::string(status.message()));
  }
  user_.receive(to, from, *frame);
}

// Whatever is under way is lost, and each side notices in its own time.
void Network::break_connection(Link& link) {
  link.up = false;
  for (const std::size_t side : {0, 1}) {
    link.ends[side].under_way.clear();
    const std::uint64_t connection = link.connection;
    events_.after(up_to(options_.unnoticed_max), [this, &link, side, connection] {
      if (link.connection == connection) notice_break(link, side);
    });
  }
}

void Network::notice_break(Link& link, std::size_t side) {
  if (!link.ends[side].outbox) return;
  link.ends[side].outbox.reset();
  if (!link.ends[1 - side].outbox) dial_later(link);
}

void Network::crash(std::size_t member) {
  for (auto& [members, link] : links_) {
    for (const std::size_t side : {0, 1}) {
      if (link.members[side] != member) continue;
      if (link.up) break_connection(link);
      notice_break(link, side);
    }
  }
}

std::optional<wire::Frame> Network::decode(std::size_t from, std::size_t to,
                                           const std::string& bytes) {
  absl::StatusOr<wire::Frame> frame = wire::decode_frame(bytes, user_.local_time(to));
  if (!frame.ok()) {
    user_.violation("a frame of a member was refused: " + std::string(frame.status().message()));
    return std::nullopt;
  }
  ++frames_delivered_;
  std::string text;
  {
    ByteWriter writer(text);
    writer.fixed64(static_cast<std::uint64_t>(events_.now().time_since_epoch().count()));
    writer.varint(from);
    writer.varint(to);
    writer.string(bytes);
  }
  trace_hash_ = stable_hash(text, trace_hash_);
  return *std::move(frame);
}

Duration Network::delay() {
  return options_.delay_min + up_to(options_.delay_max - options_.delay_min);
}

Duration Network::late_delay() {
  const Duration usual = delay();
  return usual + up_to(options_.late_max);
}

Duration Network::up_to(Duration longest) {
  return Duration(
      static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(longest.count()) + 1)));
}

}  // namespace sojourn::simulation
