# Bugs planted into copies of the sources; the explorer has to find each, by the message that is meant for it.
#
#   flux_mutant(NAME FILE file REPLACE text WITH text [REPLACE_2 text WITH_2 text …]
#     EXPLORE program scenario  EXPECT regex  [COMPILE sources that are compiled with a changed header])
#
# Each text must occur exactly once in the file. Only the changed file is compiled again; of everything else the
# objects of flux_explored are linked.

function(flux_mutant name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "FILE;REPLACE;WITH;REPLACE_2;WITH_2;REPLACE_3;WITH_3;EXPECT" "EXPLORE;COMPILE")
  set(source ${PROJECT_SOURCE_DIR}/${ARG_FILE})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
  file(READ ${source} text)
  foreach(suffix "" _2 _3)
    set(original "${ARG_REPLACE${suffix}}")
    if(original STREQUAL "")
      continue()
    endif()
    string(FIND "${text}" "${original}" first)
    string(FIND "${text}" "${original}" last REVERSE)
    if(first EQUAL -1 OR NOT first EQUAL last)
      message(FATAL_ERROR "The text that mutant ${name} replaces must occur exactly once in ${ARG_FILE}:\n${original}")
    endif()
    string(REPLACE "${original}" "${ARG_WITH${suffix}}" text "${text}")
  endforeach()

  set(folder ${CMAKE_CURRENT_BINARY_DIR}/mutants/${name})
  string(REGEX REPLACE "^(src|include|tests)/" "" path ${ARG_FILE})
  file(WRITE ${folder}/${path}.new "${text}")
  file(COPY_FILE ${folder}/${path}.new ${folder}/${path} ONLY_IF_DIFFERENT)
  set(compiled ${ARG_COMPILE})
  list(TRANSFORM compiled PREPEND ${PROJECT_SOURCE_DIR}/)
  if(path MATCHES "\\.cpp$")
    list(APPEND compiled ${folder}/${path})
  endif()

  list(GET ARG_EXPLORE 0 program)
  list(GET ARG_EXPLORE 1 scenario)
  if(NOT tests/explorer/scenarios/${program}.cpp IN_LIST ARG_COMPILE AND
      NOT ARG_FILE STREQUAL tests/explorer/scenarios/${program}.cpp)
    list(APPEND compiled $<TARGET_OBJECTS:flux_scenarios_${program}>)
  endif()
  add_executable(flux_mutant_${name} ${compiled})
  target_link_libraries(flux_mutant_${name} PRIVATE ${flux_world_of_${program}})
  target_include_directories(flux_mutant_${name} BEFORE PRIVATE ${folder})
  target_compile_options(flux_mutant_${name} PRIVATE -w)  # what a mutant leaves unused
  add_test(NAME explorer.mutant.${name} COMMAND flux_mutant_${name} ${scenario})
  set_tests_properties(explorer.mutant.${name} PROPERTIES TIMEOUT 300 PASS_REGULAR_EXPRESSION "FAILED: ${ARG_EXPECT}")
  set_property(DIRECTORY APPEND PROPERTY flux_mutants ${name})
endfunction()

# ---- As the planted bugs of docs/design/model/pin.pml -----------------------------------------------------------------

flux_mutant(pin_1_ends_before_it_submits FILE tests/explorer/scenarios/pin.cpp EXPLORE pin two-frames
  REPLACE [=[    frame.submitted(queue, submit(frame.snapshot(), queue));]=]
  WITH [=[
    const SnapshotNumber seen = frame.snapshot();
    frame.end();
    frame.submitted(queue, submit(seen, queue));]=]
  EXPECT "contract broken: a submission is reported before its frame ends")

flux_mutant(pin_1_submits_without_a_report FILE tests/explorer/scenarios/pin.cpp EXPLORE pin two-frames
  REPLACE [=[frame.submitted(queue, submit(frame.snapshot(), queue));]=]
  WITH [=[submit(frame.snapshot(), queue);]=]
  EXPECT "a range is free while a submission reads it")

flux_mutant(pin_2_pin_goes_before_the_tags FILE src/frame/frame_gate.cpp EXPLORE pin two-frames
  REPLACE [=[  --slots_[record.slot].pins;
]=] WITH [=[
]=]
  REPLACE_2 [=[void FrameGate::end(FrameRecord& record) noexcept {
]=] WITH_2 [=[void FrameGate::end(FrameRecord& record) noexcept {
  mutex_.lock();
  --slots_[record.slot].pins;
  mutex_.unlock();
]=]
  EXPECT "a range is free while a submission reads it")

flux_mutant(pin_3_tags_of_the_retirement FILE src/frame/retirement.hpp EXPLORE pin two-frames
  COMPILE tests/explorer/scenarios/frame_world.cpp
  REPLACE [=[    releaseHeld(clock);]=]
  WITH [=[    for (Named& item : named_) {
      if (!std::exchange(item.tagged, true)) item.tags = clock.tags;
    }
    releaseHeld(clock);]=]
  REPLACE_2 [=[Used used{std::move(item.payload), clock.tags,]=] WITH_2 [=[Used used{std::move(item.payload), item.tags,]=]
  REPLACE_3 [=[    ByteCount bytes;
  };
  /// What frames]=] WITH_3 [=[    ByteCount bytes;
    bool tagged = false;
    QueueValues tags{};
  };
  /// What frames]=]
  EXPECT "a range is free while a submission reads it")

flux_mutant(pin_4_pinned_slot_is_rebuilt FILE src/frame/frame_gate.cpp EXPLORE pin two-frames
  REPLACE [=[if (i != publishedSlot_ && slots_[i].pins == 0) free]=] WITH [=[if (i != publishedSlot_) free]=]
  EXPECT "(contract broken: I1|a lookup does not answer what its snapshot says)")

flux_mutant(pin_5_begin_pins_in_two_steps FILE src/frame/frame_gate.cpp EXPLORE pin two-frames
  REPLACE [=[  Slot& slot = slots_[publishedSlot_];
  for (auto]=] WITH [=[
  const std::uint32_t seen = publishedSlot_;
  Slot& slot = slots_[seen];
  mutex_.unlock();
  mutex_.lock();
  for (auto]=]
  REPLACE_2 [=[record->slot = publishedSlot_;]=] WITH_2 [=[record->slot = seen;]=]
  EXPECT "(a lookup does not answer what its snapshot says|a lookup meets a range that is free|a range is free while a submission reads it)")

flux_mutant(pin_6_retirement_forgets_a_queue FILE src/frame/retirement.hpp EXPLORE pin two-queues
  COMPILE tests/explorer/scenarios/frame_world.cpp
  REPLACE [=[q < kMaxQueues;]=] WITH [=[q < 2;]=]
  EXPECT "a range is free while a submission reads it")

flux_mutant(pin_6_end_forgets_a_queue FILE src/frame/frame_gate.cpp EXPLORE pin two-queues
  REPLACE [=[q < kMaxQueues;]=] WITH [=[q < 2;]=]
  EXPECT "a range is free while a submission reads it")

# ---- As those of ring.pml -----------------------------------------------------------------------------------------------

flux_mutant(ring_1_deferral_clears_the_changes FILE src/frame/snapshot_ring.cpp EXPLORE ring two-threads
  REPLACE [=[if (slotIndex == kNoSlot) return {0, true};]=]
  WITH [=[if (slotIndex == kNoSlot) return changed_.clear(), Published{0, true};]=]
  EXPECT "(contract broken: I8|the last snapshot differs from the master)")

flux_mutant(ring_2_a_slot_misses_changes FILE src/frame/snapshot_ring.cpp EXPLORE ring one-thread
  REPLACE [=[if ((listed & bitOf(i)) == 0) slots_[i]]=] WITH [=[if (i != 2 && (listed & bitOf(i)) == 0) slots_[i]]=]
  EXPECT "contract broken: I8")

flux_mutant(ring_3_waits_for_a_slot FILE src/frame/snapshot_ring.cpp EXPLORE ring two-threads
  REPLACE [=[  const std::uint32_t slotIndex = chooseSlot();]=]
  WITH [=[
  std::uint32_t slotIndex = chooseSlot();
  while (slotIndex == kNoSlot) slotIndex = chooseSlot();]=]
  EXPECT "the geometry thread waits while it publishes")

flux_mutant(ring_6_brings_pinned_slots_forward FILE src/frame/snapshot_ring.cpp EXPLORE ring one-thread
  REPLACE [=[    if ((free & bitOf(i)) == 0) continue;
    // One more]=] WITH [=[    // One more]=]
  EXPECT "a lookup does not answer what its snapshot says|a lookup meets a range that is free")

flux_mutant(ring_4_stage_1_forgets_the_published FILE src/frame/frame_gate.cpp EXPLORE ring one-thread
  REPLACE [=[progress.published = slots_[publishedSlot_].view.number;]=]
  WITH [=[progress.published = slots_[publishedSlot_].view.number + 1;]=]
  EXPECT "a lookup meets a range that is free")

flux_mutant(ring_5_stage_1_forgets_the_earlier_snapshots FILE src/frame/retirement.hpp EXPLORE ring one-thread
  COMPILE tests/explorer/scenarios/frame_world.cpp
  REPLACE [=[moment >= item.first && moment <= item.last]=] WITH [=[moment == item.last]=]
  EXPECT "a lookup meets a range that is free")

# ---- As those of copy.pml -----------------------------------------------------------------------------------------------

flux_mutant(copy_1_published_before_it_is_copied FILE src/pool/relocation.cpp EXPLORE copy one-frame
  REPLACE [=[while (!inFlight_.empty() && inFlight_.front()->lastBatch <= completed) {]=]
  WITH [=[while (!inFlight_.empty() && inFlight_.front()->lastBatch <= completed + 1) {]=]
  EXPECT "a lookup meets bytes that are not there")

flux_mutant(copy_2_draws_do_not_wait FILE tests/explorer/scenarios/copy.cpp EXPLORE copy one-frame
  REPLACE [=[hashBytes(bytes), frame.waits()));]=] WITH [=[hashBytes(bytes), {}));]=]
  EXPECT "a draw reads bytes that were not made visible")

flux_mutant(copy_2_frames_do_not_say_what_to_wait_for FILE src/pool/pool_step.cpp EXPLORE copy one-frame
  REPLACE [=[visibleCopies_ = std::max(visibleCopies_, relocation->lastBatch);]=] WITH [=[]=]
  EXPECT "a draw reads bytes that were not made visible")

flux_mutant(copy_3_retires_without_the_copies FILE src/frame/retirement.hpp EXPLORE copy one-frame
  COMPILE src/pool/pool_retire.cpp
  REPLACE [=[if (copyTag < item.copyValue) copyTag = item.copyValue;]=] WITH [=[]=]
  EXPECT "memory is reclaimed while queued work uses it")

flux_mutant(copy_4_believes_a_lost_device FILE src/pool/pool_step.cpp EXPLORE copy loss
  REPLACE [=[  if (!polled && polled.error().code == ErrorCode::DeviceLost && !lost_) loseDevice();]=]
  WITH [=[  polled = Result<void>{};]=]
  EXPECT "a lookup meets bytes that are not there")

flux_mutant(copy_5_blocks_stay_on_a_lost_device FILE src/pool/pool_retire.cpp EXPLORE copy loss
  REPLACE [=[record.hot = HotRecord::without(block.generation, BlockState::Lost);]=] WITH [=[]=]
  EXPECT "a (snapshot after the loss names a place|lookup meets bytes that are not there)")

flux_mutant(copy_6_waits_for_a_lost_device FILE src/pool/pool_retire.cpp EXPLORE copy loss
  REPLACE [=[lost_ ? std::numeric_limits<TimelineValue>::max() : device_.completed(queue)]=]
  WITH [=[device_.completed(queue)]=]
  EXPECT "memory is not reclaimed")

flux_mutant(copy_7_waits_for_the_draws_of_a_lost_device FILE src/pool/pool_retire.cpp EXPLORE copy loss
  REPLACE [=[lost_ ? std::numeric_limits]=] WITH [=[lost_ && queue == kCopyQueue ? std::numeric_limits]=]
  EXPECT "memory is not reclaimed")

flux_mutant(copy_8_steps_after_the_loss_return FILE src/pool/pool_step.cpp EXPLORE copy loss
  REPLACE [=[  Result<void> polled = poll();
  const TimelineValue copied]=]
  WITH [=[
  const bool lostBefore = lost_;
  Result<void> polled = poll();
  if (lostBefore) return Unexpected(polled.error());
  const TimelineValue copied]=]
  EXPECT "memory is not reclaimed")

# ---- As those of object.pml ---------------------------------------------------------------------------------------------

flux_mutant(object_1_drops_are_taken_after_the_drain FILE src/pool/pool_instructions.cpp EXPLORE object brings
  REPLACE [=[  SharedThing* dropped = takeDropped();
]=] WITH [=[]=]
  REPLACE_2 [=[  while (dropped != nullptr)]=]
  WITH_2 [=[
  SharedThing* dropped = takeDropped();
  while (dropped != nullptr)]=]
  EXPECT "an instruction runs after its thing has gone")

flux_mutant(object_2_drops_are_carried_out_before_the_drain FILE src/pool/pool_instructions.cpp EXPLORE object instructions
  REPLACE [=[  SharedThing* dropped = takeDropped();
]=] WITH [=[
  SharedThing* dropped = takeDropped();
  for (; dropped != nullptr;) carryOutDrop(*std::exchange(dropped, dropped->next));
]=]
  EXPECT "an instruction runs after its thing has gone")

flux_mutant(object_3_no_open_frame_is_waited_for FILE src/pool/pool_retire.cpp EXPLORE object one-thread
  REPLACE [=[progress.oldestFrame != 0 ? 1 : 0;]=] WITH [=[0;]=]
  EXPECT "an object is destroyed while an open frame uses it")

flux_mutant(object_4_tags_of_the_drop FILE src/frame/retirement.hpp EXPLORE object one-thread
  COMPILE src/pool/dump.cpp src/pool/pool.cpp src/pool/pool_blocks.cpp src/pool/pool_chunks.cpp src/pool/pool_fit.cpp
    src/pool/pool_inspect.cpp src/pool/pool_instructions.cpp src/pool/pool_parts.cpp src/pool/pool_records.cpp src/pool/pool_retire.cpp src/pool/pool_shared.cpp
    src/pool/pool_step.cpp src/pool/producer.cpp
  REPLACE [=[    releaseHeld(clock);]=]
  WITH [=[    for (Named& item : named_) {
      if (!std::exchange(item.tagged, true)) item.tags = clock.tags;
    }
    releaseHeld(clock);]=]
  REPLACE_2 [=[Used used{std::move(item.payload), clock.tags,]=] WITH_2 [=[Used used{std::move(item.payload), item.tags,]=]
  REPLACE_3 [=[    ByteCount bytes;
  };
  /// What frames]=] WITH_3 [=[    ByteCount bytes;
    bool tagged = false;
    QueueValues tags{};
  };
  /// What frames]=]
  EXPECT "an object is destroyed while a submission uses it")

flux_mutant(object_5_two_drops_are_the_last FILE src/frame/drop_list.cpp EXPLORE object two-threads
  REPLACE [=[  if (thing->count.fetch_sub(1, std::memory_order_acq_rel) == 1)]=]
  WITH [=[
  thing->count.fetch_sub(1);
  if (thing->count.load() == 0)]=]
  EXPECT "contract broken: a thing is dropped once")

flux_mutant(object_6_no_drop_is_the_last FILE src/frame/drop_list.cpp EXPLORE object two-threads
  REPLACE [=[  if (thing->count.fetch_sub(1, std::memory_order_acq_rel) == 1)]=]
  WITH [=[
  const std::uint32_t left = thing->count.load() - 1;
  thing->count.store(left);
  if (left == 0)]=]
  EXPECT "an object is not destroyed when nobody can use it any more")

flux_mutant(object_7_early_instructions_run_last FILE src/frame/instruction_queue.hpp EXPLORE object instructions
  COMPILE src/pool/pool_instructions.cpp
  REPLACE [=[    for (std::size_t left = early_.size(); left > 0; --left) {
      runOne(early_.front());
      early_.pop_front();
    }]=] WITH [=[    std::size_t left = early_.size();]=]
  REPLACE_2 [=[    if (drained > 0) wake();]=]
  WITH_2 [=[    for (; left > 0; --left) {
      runOne(early_.front());
      early_.pop_front();
    }
    if (drained > 0) wake();]=]
  EXPECT "instructions of one thread change their order")

flux_mutant(object_8_retirement_forgets_a_queue FILE src/frame/retirement.hpp EXPLORE object queues
  COMPILE src/pool/pool_retire.cpp
  REPLACE [=[q < kMaxQueues;]=] WITH [=[q < 2;]=]
  EXPECT "an object is destroyed while a submission uses it")

flux_mutant(object_9_waits_for_a_lost_device FILE src/pool/pool_retire.cpp EXPLORE object loss
  REPLACE [=[lost_ ? std::numeric_limits<TimelineValue>::max() : device_.completed(queue)]=]
  WITH [=[device_.completed(queue)]=]
  EXPECT "an object is not destroyed when nobody can use it any more")

# ---- As those of in_place.pml -------------------------------------------------------------------------------------------

flux_mutant(in_place_1_overwrites_while_a_frame_submits FILE src/frame/frame_gate.hpp EXPLORE in_place one-frame
  COMPILE src/pool/pool_in_place.cpp
  REPLACE [=[    if (someSubmit()) return false;]=] WITH [=[]=]
  EXPECT "a draw reads bytes that are not there")

flux_mutant(in_place_2_asks_and_submits_in_two_steps FILE src/frame/frame_gate.hpp EXPLORE in_place one-frame
  COMPILE src/pool/pool_in_place.cpp
  REPLACE [=[    if (someSubmit()) return false;]=] WITH [=[
    if (someSubmit()) return false;
    submittingMutex_.unlock();
    submittingMutex_.lock();]=]
  EXPECT "a draw reads bytes that are not there")

flux_mutant(in_place_3_frames_do_not_wait_for_it FILE src/frame/frame_gate.cpp EXPLORE in_place one-frame
  REPLACE [=[record.wait.value = std::max(record.wait.value, overwritten_);]=] WITH [=[]=]
  EXPECT "a draw reads bytes that (are not there|were not made visible)")

flux_mutant(in_place_4_does_not_wait_for_the_draws FILE src/pool/pool_in_place.cpp EXPLORE in_place one-frame
  REPLACE [=[std::span(waits).first(count));]=] WITH [=[{});]=]
  EXPECT "a draw reads bytes that are not there")

flux_mutant(in_place_5_a_frame_ends_before_its_tags_are_there FILE src/frame/frame_gate.cpp EXPLORE in_place one-frame
  REPLACE [=[  merge(record);
  if (!submitting) return;
  const std::lock_guard lock(submittingMutex_);
  --submitting_;]=] WITH [=[
  if (submitting) {
    const std::lock_guard lock(submittingMutex_);
    --submitting_;
  }
  merge(record);]=]
  EXPECT "a draw reads bytes that are not there")

flux_mutant(in_place_6_one_submission_ends_it FILE src/frame/frame.cpp EXPLORE in_place two-lists
  REPLACE [=[  TimelineValue seen = last.load(std::memory_order_relaxed);]=] WITH [=[
  if (const std::lock_guard lock(gate_->submittingMutex_); record_->submitting) {
    record_->submitting = false;
    --gate_->submitting_;
  }
  TimelineValue seen = last.load(std::memory_order_relaxed);]=]
  EXPECT "a draw reads bytes that (are not there|were not made visible)")

flux_mutant(in_place_7_told_before_it_is_submitted FILE src/frame/frame_gate.hpp EXPLORE in_place one-frame
  COMPILE src/pool/pool_in_place.cpp
  REPLACE [=[    overwritten_ = std::max<TimelineValue>(overwritten_, submit(progress().tags));]=] WITH [=[
    overwritten_ = 2;  // the value that the batch will have
    submittingMutex_.unlock();
    submittingMutex_.lock();
    submit(progress().tags);]=]
  EXPECT "a (frame waits for copies that are not submitted|draw reads bytes that were not made visible)")

# ---- What the models do not have ---------------------------------------------------------------------------------------

flux_mutant(tags_are_older_than_the_pins FILE src/frame/frame_gate.cpp EXPLORE pin two-frames
  REPLACE [=[  progress.published = slots]=] WITH [=[
  progress.tags = tags_;
  mutex_.unlock();
  mutex_.lock();
  progress.published = slots]=]
  REPLACE_2 [=[  progress.tags = tags_;
  progress.newest]=] WITH_2 [=[  progress.newest]=]
  EXPECT "a range is free while a submission reads it")

flux_mutant(submissions_of_two_threads_overwrite FILE src/frame/frame.cpp EXPLORE pin shared
  REPLACE [=[  while (seen < value && !last.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }]=] WITH [=[
  if (seen < value) last.store(value, std::memory_order_relaxed);]=]
  EXPECT "a range is free while a submission reads it")

flux_mutant(change_is_listed_only_once FILE src/frame/snapshot_ring.cpp EXPLORE ring one-thread
  REPLACE [=[listed = kChangedBit - 1U;]=] WITH [=[listed = kChangedBit | (kChangedBit - 1U);]=]
  EXPECT "(contract broken: I8|the last snapshot differs from the master)")

flux_mutant(second_frame_does_not_hold FILE src/frame/retirement.hpp EXPLORE ring two-threads
  COMPILE tests/explorer/scenarios/frame_world.cpp
  REPLACE [=[for (Named& item : items) passNames(std::move(item), clock);]=]
  WITH [=[for (Named& item : items) passNames(std::move(item), {clock.now, {}, clock.tags});]=]
  EXPECT "a lookup meets a range that is free")

flux_mutant(old_place_counts_as_never_named FILE src/pool/pool_blocks.cpp EXPLORE copy one-frame
  REPLACE [=[retire(RetiredRange{block.place, block.lifetime}, block.placeFirstNamed,]=]
  WITH [=[retire(RetiredRange{block.place, block.lifetime}, ring_.published() + 1,]=]
  EXPECT "(a lookup meets bytes that are not there|memory is reclaimed while queued work uses it)")

flux_mutant(move_goes_on_after_it_was_dropped FILE src/pool/pool_moves.cpp EXPLORE copy move
  REPLACE [=[  relocations_.drop(*block.relocation);
]=] WITH [=[]=]
  EXPECT "(a lookup|memory is reclaimed|contract broken)")

flux_mutant(move_that_was_dropped_gives_its_place_back_too_early FILE src/pool/pool_blocks.cpp EXPLORE copy move
  REPLACE [=[retirement_.retire(RetiredRange{to, block.lifetime}, 1, 0, relocations_.lastUse(), to.bytes);]=]
  WITH [=[retirement_.retire(RetiredRange{to, block.lifetime}, 1, 0, 0, to.bytes);]=]
  EXPECT "memory is reclaimed while queued work uses it")

flux_mutant(move_of_a_removed_block_keeps_its_place FILE src/pool/pool_blocks.cpp EXPLORE copy move
  REPLACE [=[    if (!block.relocation->inGaps()) retireDestination(block, block.relocation->to);
    relocations_.drop]=] WITH [=[    relocations_.drop]=]
  EXPECT "a chunk is not given back")

flux_mutant(move_gives_the_chunk_back_under_frames FILE src/pool/pool_blocks.cpp EXPLORE copy move
  REPLACE [=[retire(RetiredRange{block.place, block.lifetime}, block.placeFirstNamed,]=]
  WITH [=[retire(RetiredRange{block.place, block.lifetime}, ring_.published() + 1,]=]
  EXPECT "(a lookup meets bytes that are not there|memory is reclaimed while queued work uses it|contract broken)")

flux_mutant(block_that_leaves_gives_its_place_back_too_early FILE src/pool/pool_residency.cpp EXPLORE copy leave
  REPLACE [=[  retirePlace(block);
  block.place = {};]=] WITH [=[  retirement_.retire(RetiredRange{block.place, block.lifetime}, 1, 0, 0, block.place.bytes);
  block.place = {};]=]
  EXPECT "(a lookup meets bytes that are not there|memory is reclaimed while queued work uses it)")

flux_mutant(block_that_returns_is_shown_before_it_is_copied FILE src/pool/pool_residency.cpp EXPLORE copy leave
  REPLACE [=[  block.returning = true;
]=] WITH [=[  block.returning = true;
  const Placement& to = block.relocation->to;
  ring_.edit(index).hot = HotRecord::resident(block.generation, to.chunk, static_cast<std::uint32_t>(to.offset / kPlaceUnitBytes),
                                              static_cast<std::uint32_t>(to.bytes / kPlaceUnitBytes));
]=]
  EXPECT "a lookup (meets bytes that are not there|does not answer what its snapshot says)")

flux_mutant(block_that_returns_is_shown_although_it_was_removed FILE src/pool/pool_blocks.cpp EXPLORE copy return
  REPLACE [=[    relocations_.drop(*block.relocation);
]=] WITH [=[]=]
  EXPECT "(a lookup finds a block that was removed|contract broken)")

flux_mutant(staging_is_filled_while_it_is_copied FILE src/transfer/staging_pages.cpp EXPLORE copy one-frame
  REPLACE [=[ || page.lastUse > completed) continue;]=] WITH [=[) continue;]=]
  EXPECT "a lookup (meets bytes that are not there|does not answer what its snapshot says)")

flux_mutant(staging_starts_over_under_an_open_span FILE src/transfer/staging_pages.cpp EXPLORE staging page
  REPLACE [=[if (hasOpenSpans(fill)) continue;]=] WITH [=[]=]
  EXPECT "memory is taken that is still used")

flux_mutant(staging_starts_over_without_a_second_look FILE src/transfer/staging_pages.cpp EXPLORE staging halves
  REPLACE [=[    if (!page.fill.compare_exchange_strong(fill, closes ? kClosed : 0, std::memory_order_acq_rel)) continue;]=]
  WITH [=[    page.fill.store(closes ? kClosed : 0);]=]
  EXPECT "(memory is taken that is still used|deadlock: second producer waits to wait for condition)")

flux_mutant(staging_span_is_taken_in_two_steps FILE src/transfer/staging_pages.cpp EXPLORE staging halves
  REPLACE [=[  } while (!page.fill.compare_exchange_weak(fill, fill + units(room.bytes) * kFilledUnit + room.spans,
                                            std::memory_order_acquire, std::memory_order_relaxed));]=]
  WITH [=[  } while (false);
  page.fill.store(fill + units(room.bytes) * kFilledUnit + room.spans);]=]
  EXPECT "(memory is taken that is still used|deadlock: second producer waits to wait for condition)")

flux_mutant(staging_spans_taken_at_once_count_as_one FILE src/transfer/staging_pages.cpp EXPLORE staging together
  REPLACE [=[kFilledUnit + room.spans,]=] WITH [=[kFilledUnit + 1,]=]
  EXPECT "(memory is taken that is still used|deadlock: second producer waits to wait for condition)")

flux_mutant(staging_room_wakes_nobody FILE src/transfer/staging_pages.cpp EXPLORE staging page
  REPLACE [=[  if (room) wake();]=] WITH [=[  if (room && wanted_.load(std::memory_order_relaxed)) wake();]=]
  EXPECT "deadlock: (first|second) producer waits to wait for condition")

flux_mutant(drop_overwrites_another FILE src/frame/drop_list.cpp EXPLORE drop taken
  REPLACE [=[} while (!head_.compare_exchange_weak(head, thing, std::memory_order_release, std::memory_order_acquire));]=]
  WITH [=[} while (false);
  head_.store(thing);]=]
  EXPECT "a shared thing is (not destroyed once|left)")

flux_mutant(drop_is_taken_in_two_steps FILE src/frame/drop_list.cpp EXPLORE drop taken
  REPLACE [=[head_.exchange(nullptr, std::memory_order_acquire);]=] WITH [=[head_.load();
  head_.store(nullptr);]=]
  EXPECT "a shared thing is (not destroyed once|left)")

flux_mutant(parts_ids_are_told_before_they_are_written FILE src/pool/pool_instructions.cpp EXPLORE parts added
  REPLACE [=[      const Result<ContentVersion> done = addParts(]=]
  WITH [=[      added.told.store(true);
      added.told.store(true);  // a step that others can come before
      const Result<ContentVersion> done = addParts(]=]
  EXPECT "a producer meets an id that is not there yet")

flux_mutant(parts_a_refusal_is_not_told FILE src/pool/pool_instructions.cpp EXPLORE parts refused
  REPLACE [=[      added.told.store(true]=] WITH [=[      if (done) added.told.store(true]=]
  EXPECT "who adds parts is never told")

flux_mutant(instructions_full_push_wakes_nobody FILE src/frame/instruction_queue.hpp EXPLORE instructions full
  COMPILE tests/explorer/scenarios/instructions.cpp
  REPLACE [=[    wake();  // who waits may have counted this instruction too
]=] WITH [=[]=]
  EXPECT "deadlock: (first|second) producer waits to wait for condition")

flux_mutant(instructions_drain_wakes_nobody FILE src/frame/instruction_queue.hpp EXPLORE instructions full
  COMPILE tests/explorer/scenarios/instructions.cpp
  REPLACE [=[if (drained > 0) wake();]=] WITH [=[]=]
  EXPECT "deadlock: (first|second) producer waits to wait for condition")

flux_mutant(instructions_wake_without_the_lock FILE src/frame/instruction_queue.hpp EXPLORE instructions full
  COMPILE tests/explorer/scenarios/instructions.cpp
  REPLACE [=[    const std::lock_guard lock(mutex_);
    if (waiting_ > 0)]=] WITH [=[    if (waiting_ > 0)]=]
  EXPECT "deadlock: (first|second) producer waits to wait for condition")

flux_mutant(instructions_early_ones_turn_round FILE src/frame/instruction_queue.hpp EXPLORE instructions early
  COMPILE tests/explorer/scenarios/instructions.cpp
  REPLACE [=[early_.push_back(]=] WITH [=[early_.push_front(]=]
  EXPECT "instructions of one producer change their order")

flux_mutant(instructions_room_is_not_given_back FILE src/frame/instruction_queue.hpp EXPLORE instructions early
  COMPILE tests/explorer/scenarios/instructions.cpp
  REPLACE [=[      run(instruction);
      count_.fetch_sub(1, std::memory_order_relaxed);]=] WITH [=[      run(instruction);]=]
  EXPECT "room is lost")

# ---- Every planted bug of the models is a mutant, too -------------------------------------------------------------------

get_property(mutants DIRECTORY PROPERTY flux_mutants)
file(GLOB models CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/design/model/*.pml)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${models})
foreach(model ${models})
  get_filename_component(name ${model} NAME_WE)
  file(STRINGS ${model} bugs REGEX "^ +BUG [0-9]+ ")
  foreach(bug ${bugs})
    string(REGEX MATCH "[0-9]+" number "${bug}")
    if(NOT "${mutants}" MATCHES "(^|;)${name}_${number}_")
      message(FATAL_ERROR "No mutant is named ${name}_${number}_…, as bug ${number} of docs/design/model/${name}.pml")
    endif()
  endforeach()
endforeach()
