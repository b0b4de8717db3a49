#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "wire/frame.h"

namespace sojourn::wire {

// When the examples are sent.
inline constexpr Time kSent = Time(std::chrono::hours(100));

// A frame and what it is an example of.
struct Example {
  std::string name = {};
  Frame frame = {};
};

// One small frame for each kind of message and each verb.
std::vector<Example> examples();

// An envelope of the sender of all examples.
node::Envelope envelope_of(node::Message message);

// A frame of that sender, the first of its connection.
Frame frame_of(std::vector<node::Envelope> envelopes);

// Everything that the envelope or frame says, times as seen at `now`, for comparing.
std::string describe(const node::Envelope& envelope, Time now);
std::string describe(const Frame& frame, Time now);

// The bytes that hexadecimal digits spell, and the other way round. Blanks are skipped.
std::string from_hex(const std::string& digits);
std::string to_hex(const std::string& bytes);

}  // namespace sojourn::wire
