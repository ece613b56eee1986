#include "frame/instruction_queue.hpp"

#include <array>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace flux {
namespace {

using namespace std::chrono_literals;

struct Numbered {
  std::uint32_t producer = 0;
  std::uint32_t number = 0;
};
using Queue = InstructionQueue<Numbered>;

bool push(Queue& queue, const Queue::Producer& producer, std::uint32_t number, std::uint32_t who = 0) {
  Numbered instruction{who, number};
  return queue.push(producer, instruction);
}

std::vector<std::uint32_t> drain(Queue& queue) {
  std::vector<std::uint32_t> numbers;
  (void)queue.drain([&](const Numbered& instruction) { numbers.push_back(instruction.number); });
  return numbers;
}

TEST(InstructionQueue, RunsInOrder) {
  Queue queue(10, 0);
  const Queue::Producer producer = queue.makeProducer();
  for (std::uint32_t i = 0; i < 5; ++i) EXPECT_TRUE(push(queue, producer, i));
  EXPECT_EQ(queue.waiting(), 5U);
  EXPECT_EQ(drain(queue), (std::vector<std::uint32_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(queue.waiting(), 0U);
}

TEST(InstructionQueue, RefusesWhatIsOverItsLimitAndKeepsItWhole) {
  Queue queue(3, 0);
  const Queue::Producer producer = queue.makeProducer();
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_TRUE(push(queue, producer, i));
  Numbered fourth{0, 3};
  EXPECT_FALSE(queue.push(producer, fourth));
  EXPECT_EQ(fourth.number, 3U);
  EXPECT_EQ(queue.waiting(), 3U);
  EXPECT_EQ(drain(queue), (std::vector<std::uint32_t>{0, 1, 2}));
  EXPECT_TRUE(push(queue, producer, 3));
  EXPECT_EQ(drain(queue), std::vector<std::uint32_t>{3});
}

TEST(InstructionQueue, WhatIsPushedDuringADrainRunsInTheNextOne) {
  Queue queue(100, 0);
  const Queue::Producer producer = queue.makeProducer();
  EXPECT_TRUE(push(queue, producer, 1));
  EXPECT_TRUE(push(queue, producer, 2));
  std::vector<std::uint32_t> ran;
  const std::uint32_t first = queue.drain([&](const Numbered& instruction) {
    ran.push_back(instruction.number);
    EXPECT_TRUE(push(queue, producer, instruction.number * 10));
  });
  EXPECT_EQ(ran, (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(first, 2U);
  EXPECT_EQ(queue.waiting(), 2U);
  EXPECT_TRUE(push(queue, producer, 3));
  EXPECT_EQ(drain(queue), (std::vector<std::uint32_t>{10, 20, 3}));
}

TEST(InstructionQueue, BytesAreBoundedUntilTheyAreReleased) {
  Queue queue(10, 100);
  EXPECT_TRUE(queue.acquire(60));
  EXPECT_FALSE(queue.acquire(41));
  EXPECT_TRUE(queue.acquire(40));
  EXPECT_EQ(queue.waitingBytes(), 100U);
  queue.release(100);
  EXPECT_TRUE(queue.acquire(1000)) << "what is larger than the limit passes alone";
  EXPECT_FALSE(queue.acquire(1));
}

TEST(InstructionQueue, AProducerWaitsForRoom) {
  Queue queue(1, 0);
  const Queue::Producer producer = queue.makeProducer();
  EXPECT_TRUE(push(queue, producer, 1));
  EXPECT_FALSE(queue.waitForRoom(1ms));
  std::jthread owner([&] {
    std::this_thread::sleep_for(5ms);
    EXPECT_EQ(drain(queue).size(), 1U);
  });
  EXPECT_TRUE(queue.waitForRoom(10s));
  owner.join();
  EXPECT_TRUE(queue.acquire(10));
  EXPECT_FALSE(queue.waitForRoom(1ms)) << "bytes wait";
  std::jthread releaser([&] {
    std::this_thread::sleep_for(5ms);
    queue.release(10);
  });
  EXPECT_TRUE(queue.waitForRoom(10s));
}

TEST(InstructionQueue, EveryProducerKeepsItsOrderUnderBackPressure) {
  constexpr std::uint32_t kProducers = 4;
  constexpr std::uint32_t kEach = 20'000;
  Queue queue(64, 1);
  std::array<std::uint32_t, kProducers> next{};
  std::uint32_t ran = 0;
  std::vector<std::jthread> threads;
  for (std::uint32_t p = 0; p < kProducers; ++p) {
    threads.emplace_back([&queue, p] {
      const Queue::Producer producer = queue.makeProducer();
      for (std::uint32_t i = 0; i < kEach; ++i) {
        while (!push(queue, producer, i, p)) (void)queue.waitForRoom(1s);
      }
    });
  }
  while (ran < kProducers * kEach) {
    const std::uint32_t drained = queue.drain([&](const Numbered& instruction) {
      ASSERT_EQ(instruction.number, next[instruction.producer]);
      ++next[instruction.producer];
    });
    ran += drained;
    if (drained == 0) std::this_thread::yield();
  }
  threads.clear();
  EXPECT_EQ(drain(queue).size(), 0U);
}

}  // namespace
}  // namespace flux
