#pragma once

#include "base/sync.hpp"

#include <flux/shared.hpp>
#include <flux/types.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <source_location>
#include <utility>
#include <vector>

namespace flux {

class DropList;

/// What is shared: a block, or an object of the application.
struct ThingDesc {
  BlockHandle block;  ///< Null for an object.
  ObjectDesc object;
  std::source_location where{};  ///< Of the call that shared it.
};

/// What the copies of a `Shared` handle share.
struct SharedThing {
  sync::Atomic<std::uint32_t> count{1};
  std::shared_ptr<DropList> list;
  ThingDesc desc;  ///< Its name lies in `name`.
  std::array<char, 48> name{};
  SharedThing* next = nullptr;  ///< Of the dropped ones.
  std::size_t position = 0;     ///< Among all.
  bool taken = false;           ///< Its last handle has gone, and the geometry thread knows.
};

/// The shared things of one pool, and those among them whose last handle has gone.
///
/// **Thread contract.** `create` and `drop`: any thread. `take`, `forget` and `close`: geometry thread. `drop` is
/// lock-free and allocates nothing, so that destructors may do it anywhere.
///
/// **Invariants.** A thing is taken once. After `close` a dropped thing is only deleted. The list lives as long as any
/// of its things.
class DropList : public std::enable_shared_from_this<DropList> {
 public:
  /// A thing with a count of one.
  [[nodiscard]] SharedThing* create(const ThingDesc& desc);

  /// For the last handle of a thing.
  void drop(SharedThing* thing) noexcept;

  /// The things dropped since the last call, oldest first.
  [[nodiscard]] SharedThing* take() noexcept;

  /// Ends a thing that was taken.
  void forget(SharedThing* thing) noexcept;

  /// Calls `visit(thing)` for all things that have not been forgotten, and lets later drops only delete them. What was
  /// taken is forgotten.
  template <class Visit>
  void close(const Visit& visit) {
    {
      const std::lock_guard lock(mutex_);
      for (SharedThing* thing : all_) visit(*thing);
      for (const SharedThing* thing : all_) {
        if (thing->taken) delete thing;  // the others go with their last handle
      }
      all_.clear();
    }
    // From here on a dropped thing is deleted where it is dropped; until here it waited in the list.
    for (SharedThing* thing = head_.exchange(closedMark(), std::memory_order_acq_rel); thing != nullptr;) {
      delete std::exchange(thing, thing->next);
    }
  }

 private:
  /// Stands at the head when the list is closed.
  static SharedThing* closedMark() noexcept;

  sync::Atomic<SharedThing*> head_{nullptr};
  sync::Mutex mutex_;
  std::vector<SharedThing*> all_;
};

}  // namespace flux
