#version 460
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require

// flux::hashBytes of many ranges: one workgroup a range.

layout(local_size_x = 64) in;

layout(buffer_reference, std430, buffer_reference_align = 4) readonly buffer Words { uint at[]; };

struct Range {
  uvec2 address;
  uint words;
  uint restBytes;
};
layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer Ranges { Range at[]; };
layout(buffer_reference, std430, buffer_reference_align = 8) writeonly buffer Hashes { uvec2 at[]; };

layout(push_constant) uniform Push {
  Ranges ranges;
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

  Words words = Words(push.ranges.at[index].address);
  uint whole = push.ranges.at[index].words;
  uint restBytes = push.ranges.at[index].restBytes;
  uint count = whole + (restBytes != 0 ? 1 : 0);
  uint low = 0;
  uint high = 0;
  for (uint i = gl_LocalInvocationIndex; i < count; i += gl_WorkGroupSize.x) {
    uint word = words.at[i];
    if (i == whole) word &= (1u << 8 * restBytes) - 1u;
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

  if (gl_LocalInvocationIndex == 0) push.hashes.at[index] = uvec2(sumLow, sumHigh);
}
