#pragma once

/// Doubly linked lists of small integers, in one flat array.

#include <flux/assert.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace flux {

/// Lists of dense indices (of chunks), each of which is in one list at most. All calls are O(1), but for the growth of
/// the array to the largest index.
///
/// **Thread contract.** None: one thread at a time.
class IndexLists {
 public:
  static constexpr std::uint32_t kNone = ~0U;

  explicit IndexLists(std::uint32_t lists) : ends_(lists) {}

  /// kNone: the list is empty.
  [[nodiscard]] std::uint32_t first(std::uint32_t list) const { return ends_[list].first; }
  [[nodiscard]] std::uint32_t last(std::uint32_t list) const { return ends_[list].last; }
  [[nodiscard]] std::uint32_t next(std::uint32_t index) const { return links_[index].next; }
  [[nodiscard]] bool empty(std::uint32_t list) const { return ends_[list].first == kNone; }
  /// The list that an index is in; kNone if it is in none.
  [[nodiscard]] std::uint32_t listOf(std::uint32_t index) const {
    return index < links_.size() ? links_[index].list : kNone;
  }

  /// REQUIRES: the index is in no list.
  void append(std::uint32_t list, std::uint32_t index) {
    FLUX_ASSERT(listOf(index) == kNone, "an index is in one list at most");
    if (index >= links_.size()) links_.resize(std::size_t{index} + 1);
    Ends& ends = ends_[list];
    links_[index] = {list, ends.last, kNone};
    (ends.last != kNone ? links_[ends.last].next : ends.first) = index;
    ends.last = index;
  }

  /// Takes an index out of its list, if it is in one.
  void remove(std::uint32_t index) {
    if (listOf(index) == kNone) return;
    const Link link = links_[index];
    Ends& ends = ends_[link.list];
    (link.previous != kNone ? links_[link.previous].next : ends.first) = link.next;
    (link.next != kNone ? links_[link.next].previous : ends.last) = link.previous;
    links_[index] = {};
  }

 private:
  struct Ends {
    std::uint32_t first = kNone;
    std::uint32_t last = kNone;
  };
  struct Link {
    std::uint32_t list = kNone;
    std::uint32_t previous = kNone;
    std::uint32_t next = kNone;
  };

  std::vector<Ends> ends_;
  std::vector<Link> links_;  // by index
};

}  // namespace flux
