#pragma once

#include <cstdint>
#include <string_view>

namespace sojourn {

// XXH3, 64 bits: the same value in every process, build and version, so it may decide where things
// are and travel between members (absl::Hash and std::hash may not). Not for secrets, and whoever
// chooses the text can choose the hash.
std::uint64_t stable_hash(std::string_view text);

// Another hash function for each seed; seed 0 is the one above.
std::uint64_t stable_hash(std::string_view text, std::uint64_t seed);

}  // namespace sojourn
