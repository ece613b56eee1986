#pragma once

/// Writes down what a pool does, so that `flux replay` does it again and `flux inspect` shows it.
///
///     auto recorder = flux::Recorder::create("frames.fluxrec").value();
///     flux::PoolDesc desc;
///     desc.journal = &recorder->journal();
///     auto pool = flux::Pool::create(*device, desc).value();
///     …
///     pool.reset();
///     recorder->close();                                   // says whether all of it is on the disk
///
/// Needs the target Flux::recorder (zlib).

#include <flux/pool.hpp>
#include <flux/result.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

namespace flux {

/// A recording that is being written: every call of the pool with sizes, names and kinds, but no bytes; what the device
/// and other threads answered when the pool looked; every place that it took and gave back. One pool, from its
/// beginning.
///
/// **Thread contract.** `create`, `close` and the destructor: the pool's geometry thread. The others: any thread.
/// A thread of its own compresses and writes.
/// **Cost.** Some nanoseconds an event for the geometry thread, a short lock for each frame's beginning and end; a few
/// bytes an event on the disk, steps in which nothing happens a few bytes a millisecond; at most 64 MiB of memory for
/// what the disk has not taken yet.
/// **Failure.** When the disk fails or cannot keep up the recording ends, and the pool goes on. What has been written
/// can be replayed: it is on the disk within about half a second of steps, so that a program that crashes leaves its
/// last frames.
class Recorder {
 public:
  /// Errors: FileError.
  [[nodiscard]] static Result<std::unique_ptr<Recorder>> create(const std::filesystem::path& file);

  /// Closes. REQUIRES: its pool has ended.
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// For `PoolDesc::journal`.
  [[nodiscard]] Journal& journal() noexcept;

  /// Writes what is left and closes the file; what comes later is not recorded. Waits for the disk. Errors: what ended
  /// the recording before.
  Result<void> close();

  /// What ended the recording: FileError, QueueFull (the disk did not keep up). None: nothing.
  [[nodiscard]] std::optional<Error> error() const;

  /// So far.
  [[nodiscard]] std::uint64_t events() const noexcept;
  [[nodiscard]] ByteCount fileBytes() const noexcept;

 private:
  class Impl;
  explicit Recorder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace flux
