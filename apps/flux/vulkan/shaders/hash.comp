#version 460
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require

// flux::hashBytes of many ranges: one workgroup a piece, whose sums are added to its range's.

layout(local_size_x = 64) in;

layout(buffer_reference, std430, buffer_reference_align = 4) readonly buffer Words { uint at[]; };

struct Piece {
  uvec2 address;
  uint bytes;
  uint firstIndex;  // Of its first word in the range.
  uint result;      // Which range.
  uint namedBytes;  // Not 0: at `address` the device itself has named the range, which has to be so large.
};
struct Named {
  uvec2 address;
  uint bytes;
  uint unused;
};
layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer NamedRange { Named range; };
layout(buffer_reference, std430, buffer_reference_align = 8) readonly buffer Pieces { Piece at[]; };

struct Sums {
  uint low;
  uint high;
};
layout(buffer_reference, std430, buffer_reference_align = 8) buffer Hashes { Sums at[]; };

layout(push_constant) uniform Push {
  Pieces pieces;
  Hashes hashes;
  uint count;
} push;

shared uint sumLow;
shared uint sumHigh;

void main() {
  uint index = gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
  if (index >= push.count) return;  // The same for the whole workgroup.

  if (gl_LocalInvocationIndex == 0) {
    sumLow = 0;
    sumHigh = 0;
  }
  barrier();

  uvec2 address = push.pieces.at[index].address;
  uint firstIndex = push.pieces.at[index].firstIndex;
  uint whole = push.pieces.at[index].bytes / 4;
  uint restBytes = push.pieces.at[index].bytes % 4;
  uint count = whole + (restBytes != 0 ? 1 : 0);
  uint namedBytes = push.pieces.at[index].namedBytes;
  if (namedBytes != 0) {
    Named range = NamedRange(address).range;
    uint carry;
    address = uvec2(uaddCarry(range.address.x, 4 * firstIndex, carry), range.address.y);
    address.y += carry;
    if (range.bytes != namedBytes) count = 0;  // Nothing of it is hashed, so the hash is wrong.
  }
  Words words = Words(address);
  uint low = 0;
  uint high = 0;
  for (uint i = gl_LocalInvocationIndex; i < count; i += gl_WorkGroupSize.x) {
    uint word = words.at[i];
    if (i == whole) word &= (1u << 8 * restBytes) - 1u;
    uint h = word ^ ((firstIndex + i) * 0x9E3779B9u + 0x7F4A7C15u);
    h ^= h >> 16;
    h *= 0x7FEB352Du;
    h ^= h >> 15;
    h *= 0x846CA68Bu;
    h ^= h >> 16;
    low += h;
    uint g = h * 0x297A2D39u;
    high += g ^ (g >> 15);
  }
  atomicAdd(sumLow, low);
  atomicAdd(sumHigh, high);
  barrier();

  if (gl_LocalInvocationIndex == 0) {
    uint result = push.pieces.at[index].result;
    atomicAdd(push.hashes.at[result].low, sumLow);
    atomicAdd(push.hashes.at[result].high, sumHigh);
  }
}
