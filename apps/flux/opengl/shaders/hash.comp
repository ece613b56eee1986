#version 450

// flux::hashBytes of ranges of one buffer: one workgroup a range.

layout(local_size_x = 64) in;

struct Range {
  uint firstWord;
  uint words;
  uint restBytes;
  uint result;  // Where its hash goes.
};

layout(std430, binding = 0) readonly buffer Words { uint words[]; };
layout(std430, binding = 1) readonly buffer Ranges { Range ranges[]; };
layout(std430, binding = 2) writeonly buffer Hashes { uvec2 hashes[]; };

layout(location = 0) uniform uint firstRange;

shared uint sumLow;
shared uint sumHigh;

void main() {
  if (gl_LocalInvocationIndex == 0) {
    sumLow = 0;
    sumHigh = 0;
  }
  barrier();

  Range range = ranges[firstRange + gl_WorkGroupID.x];
  uint count = range.words + (range.restBytes != 0 ? 1 : 0);
  uint low = 0;
  uint high = 0;
  for (uint i = gl_LocalInvocationIndex; i < count; i += gl_WorkGroupSize.x) {
    uint word = words[range.firstWord + i];
    if (i == range.words) word &= (1u << 8 * range.restBytes) - 1u;
    uint h = word ^ (i * 0x9E3779B9u + 0x7F4A7C15u);
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

  if (gl_LocalInvocationIndex == 0) hashes[range.result] = uvec2(sumLow, sumHigh);
}
