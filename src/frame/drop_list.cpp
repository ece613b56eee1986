#include "frame/drop_list.hpp"

#include "base/fixed_name.hpp"

#include <flux/assert.hpp>

namespace flux {

SharedThing* DropList::closedMark() noexcept {
  static SharedThing mark;
  return &mark;
}

SharedThing* DropList::create(const ThingDesc& desc) {
  auto thing = std::make_unique<SharedThing>();
  thing->list = shared_from_this();
  thing->desc = desc;
  copyName(thing->name, desc.object.name);
  thing->desc.object.name = thing->name.data();
  const std::lock_guard lock(mutex_);
  thing->position = all_.size();
  all_.push_back(thing.get());
  return thing.release();
}

void DropList::drop(SharedThing* thing) noexcept {
  // Acquire: who finds the list closed deletes what the closing thread has looked at.
  SharedThing* head = head_.load(std::memory_order_acquire);
  do {
    if (head == closedMark()) {
      delete thing;  // and with it, perhaps, this list
      return;
    }
    FLUX_ASSERT(head != thing, "a thing is dropped once");
    thing->next = head;
  } while (!head_.compare_exchange_weak(head, thing, std::memory_order_release, std::memory_order_acquire));
}

SharedThing* DropList::take() noexcept {
  // Nobody takes but this thread, so a thing cannot come back between the read and the exchange (no ABA).
  SharedThing* newestFirst = head_.exchange(nullptr, std::memory_order_acquire);
  SharedThing* oldestFirst = nullptr;
  while (newestFirst != nullptr) {
    SharedThing* thing = std::exchange(newestFirst, newestFirst->next);
    thing->next = std::exchange(oldestFirst, thing);
    thing->taken = true;
  }
  return oldestFirst;
}

void DropList::forget(SharedThing* thing) noexcept {
  {
    const std::lock_guard lock(mutex_);
    all_.back()->position = thing->position;
    all_[thing->position] = all_.back();
    all_.pop_back();
  }
  delete thing;
}

void detail::retain(SharedThing* thing) noexcept {
  thing->count.fetch_add(1, std::memory_order_relaxed);
}

void detail::drop(SharedThing* thing) noexcept {
  // Whoever comes last sees all that the others did with the thing.
  if (thing->count.fetch_sub(1, std::memory_order_acq_rel) == 1) thing->list->drop(thing);
}

}  // namespace flux
