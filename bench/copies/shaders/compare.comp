#version 460
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require

// Counts words that differ between two places, for many pairs of places: one workgroup a pair, and the next.

layout(local_size_x = 128) in;

layout(buffer_reference, std430, buffer_reference_align = 4) readonly buffer Words { uint at[]; };
struct Pair {
  uvec2 expected;
  uvec2 found;
  uint words;
  uint unused;
};
layout(buffer_reference, std430, buffer_reference_align = 8) readonly buffer Pairs { Pair at[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Counter { uint value; };

layout(push_constant) uniform Push {
  Pairs pairs;
  Counter differences;
  uint count;
} push;

void main() {
  uint differences = 0;
  for (uint i = gl_WorkGroupID.x; i < push.count; i += gl_NumWorkGroups.x) {
    Pair pair = push.pairs.at[i];
    Words expected = Words(pair.expected);
    Words found = Words(pair.found);
    for (uint k = gl_LocalInvocationIndex; k < pair.words; k += gl_WorkGroupSize.x) {
      if (expected.at[k] != found.at[k]) ++differences;
    }
  }
  if (differences != 0) atomicAdd(push.differences.value, differences);
}
