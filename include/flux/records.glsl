// The mirror of a snapshot's records (`Frame::records`, `DeviceRecord` in flux/snapshot.hpp), for shaders that look
// blocks up by handle. std430, 64 bytes a record:
//
//     layout(std430, set = 0, binding = 0) readonly buffer Records { FluxRecord records[]; };
//
// or, with GL_EXT_buffer_reference, at `Frame::records().address`. A handle is a uvec2: index, generation.

#ifndef FLUX_RECORDS_GLSL
#define FLUX_RECORDS_GLSL

struct FluxRecord {
  uvec2 address;        // of the block's first byte; 0: not resident, or the device has no addresses
  uint generation;      // the handle's, if the block is resident
  uint chunkAndState;   // chunk: 20 bits | state: 4 | unused: 8
  uint offsetUnits;     // of the block in its chunk, in 16 bytes
  uint sizeUnits;       // in 16 bytes; not 0 if, and only if, the block is resident
  uvec2 fallback;       // a handle
  uint partOffsets[4];  // of the first parts, in bytes, in the block
  uint partSizes[4];    // in bytes; 0: no such part, or one to be found through its layout alone
};

// Whether this record, of the handle's index, is that of a resident block. A stale or forged handle is refused, as by
// `Frame::find`. The index has to be below the number of records.
bool fluxIsResident(FluxRecord record, uvec2 handle) {
  return record.generation == handle.y && record.sizeUnits != 0u;
}

// Whether the record belongs to the handle at all. If not resident, its fallback may be drawn instead.
bool fluxBelongsTo(FluxRecord record, uvec2 handle) {
  return (record.generation | 1u) == handle.y && (record.chunkAndState >> 8 & 0xFu) != 0u;
}

// In the order of `ChunkInfo`s: which buffer, where there are no addresses.
uint fluxChunk(FluxRecord record) {
  return record.chunkAndState >> 12;
}

// Bytes from the start of the chunk's buffer to one of the first four parts.
uint fluxPartOffset(FluxRecord record, uint part) {
  return record.offsetUnits * 16u + record.partOffsets[part];
}

// The sum of an address and a number of bytes.
uvec2 fluxAddressPlus(uvec2 address, uint bytes) {
  uint carry;
  uint low = uaddCarry(address.x, bytes, carry);
  return uvec2(low, address.y + carry);
}

uvec2 fluxPartAddress(FluxRecord record, uint part) {
  return fluxAddressPlus(record.address, record.partOffsets[part]);
}

#endif
