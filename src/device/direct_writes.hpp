#pragma once

/// Direct writes (`DeviceCaps::directWriteBytes`) where the application does not say how many.

#include <flux/types.hpp>

namespace flux {

/// Of a device with memory of its own. So many bytes take the host some 6 us over the bus, whichever way they go;
/// written directly they spare a submission, and the steps until its copies are seen to be done. Of more, a fresh chunk
/// costs a page fault for each 4 KiB, and staging can be filled by several threads (docs/design/moving-bytes.md).
inline constexpr ByteCount kDirectBytesOverABus = 64 * kKiB;

}  // namespace flux
