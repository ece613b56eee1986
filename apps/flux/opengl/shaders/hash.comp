#version 450

// flux::hashBytes of ranges of one buffer: one workgroup a piece, whose sums are added to its range's.

layout(local_size_x = 64) in;

struct Piece {
  uint firstWord;
  uint bytes;
  uint firstIndex;  // Of its first word in the range.
  uint result;      // Which range.
};
struct Sums {
  uint low;
  uint high;
};

layout(std430, binding = 0) readonly buffer Words { uint words[]; };
layout(std430, binding = 1) readonly buffer Pieces { Piece pieces[]; };
layout(std430, binding = 2) buffer Hashes { Sums hashes[]; };

layout(location = 0) uniform uint firstPiece;

shared uint sumLow;
shared uint sumHigh;

void main() {
  if (gl_LocalInvocationIndex == 0) {
    sumLow = 0;
    sumHigh = 0;
  }
  barrier();

  Piece piece = pieces[firstPiece + gl_WorkGroupID.x];
  uint whole = piece.bytes / 4;
  uint restBytes = piece.bytes % 4;
  uint count = whole + (restBytes != 0 ? 1 : 0);
  uint low = 0;
  uint high = 0;
  for (uint i = gl_LocalInvocationIndex; i < count; i += gl_WorkGroupSize.x) {
    uint word = words[piece.firstWord + i];
    if (i == whole) word &= (1u << 8 * restBytes) - 1u;
    uint h = word ^ ((piece.firstIndex + i) * 0x9E3779B9u + 0x7F4A7C15u);
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
    atomicAdd(hashes[piece.result].low, sumLow);
    atomicAdd(hashes[piece.result].high, sumHigh);
  }
}
