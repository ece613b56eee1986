#pragma once

/// Found instead of moodycamel's queue, whose insides are not the explorer's subject: what it promises, and no more. Items of
/// one producer stay in their order; whose comes first is open.

#include "explorer/explorer.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace moodycamel {

template <class T>
class ConcurrentQueue;

class ProducerToken {
 public:
  template <class T>
  explicit ProducerToken(ConcurrentQueue<T>& queue) : number_(queue.addProducer()) {}

 private:
  template <class T>
  friend class ConcurrentQueue;
  std::size_t number_;
};

template <class T>
class ConcurrentQueue {
 public:
  bool enqueue(const ProducerToken& producer, T&& item) {
    flux::explorer::step(object_, flux::explorer::Access::Write, "enqueue");
    queues_[producer.number_].push_back(std::move(item));
    return true;
  }

  bool try_dequeue(T& item) {
    flux::explorer::step(object_, flux::explorer::Access::Write, "dequeue");
    std::vector<std::deque<T>*> filled;
    for (std::deque<T>& queue : queues_) {
      if (!queue.empty()) filled.push_back(&queue);
    }
    if (filled.empty()) return false;
    std::deque<T>& queue = *filled[flux::explorer::choose(static_cast<std::uint32_t>(filled.size()))];
    item = std::move(queue.front());
    queue.pop_front();
    return true;
  }

  /// For `ProducerToken`.
  std::size_t addProducer() {
    flux::explorer::step(object_, flux::explorer::Access::Write, "add producer");
    queues_.emplace_back();
    return queues_.size() - 1;
  }

 private:
  flux::explorer::Object object_{"concurrent queue"};
  std::vector<std::deque<T>> queues_;
};

}  // namespace moodycamel
