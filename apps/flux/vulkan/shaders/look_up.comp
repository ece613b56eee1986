#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
#include <flux/records.glsl>
#include "by_handle.glsl"

// Looks the frame's objects up in the mirror of its snapshot, as `Frame::find` does, and writes an indirect draw for each.

layout(local_size_x = 64) in;

struct Object {
  uvec2 block;      // a handle
  uvec2 constants;  // address of what is drawn instead of the block's own; 0: its own
  vec4 placement;
};
layout(buffer_reference, std430, buffer_reference_align = 64) readonly buffer Records { FluxRecord at[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer Objects { Object at[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) writeonly buffer FoundObjects { Found at[]; };

struct Draw {  // VkDrawIndirectCommand
  uint vertexCount;
  uint instanceCount;
  uint firstVertex;
  uint firstInstance;
};
layout(buffer_reference, std430, buffer_reference_align = 16) writeonly buffer Draws { Draw at[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Counts {
  uint issued;
  uint fallbacks;
  uint skipped;
};

layout(push_constant) uniform Push {
  Records records;
  Objects objects;
  FoundObjects found;
  Draws draws;
  Counts counts;
  uint recordCount;
  uint objectCount;
} push;

const uint kVertices = 0;
const uint kIndices = 1;
const uint kConstants = 2;
const uint kConstantsBytes = 80;
const int kMaxFallbackHops = 8;

Named partOf(FluxRecord record, uint part) {
  return Named(fluxPartAddress(record, part), record.partSizes[part], 0);
}

void main() {
  uint index = gl_GlobalInvocationID.x;
  if (index >= push.objectCount) return;
  Object object = push.objects.at[index];

  FluxRecord record;
  uvec2 handle = object.block;
  bool drawable = false;
  int hop = 0;
  for (; hop <= kMaxFallbackHops && handle.x < push.recordCount; ++hop) {
    record = push.records.at[handle.x];
    drawable = fluxIsResident(record, handle);
    if (drawable || !fluxBelongsTo(record, handle)) break;
    handle = record.fallback;
  }

  Found found = Found(object.placement, Named(uvec2(0), 0, 0), Named(uvec2(0), 0, 0), Named(uvec2(0), 0, 0));
  if (drawable) {
    found.vertices = partOf(record, kVertices);
    found.indices = partOf(record, kIndices);
    found.constants = partOf(record, kConstants);
    if (hop == 0 && object.constants != uvec2(0)) found.constants = Named(object.constants, kConstantsBytes, 0);
    if (hop == 0) {
      atomicAdd(push.counts.issued, 1);
    } else {
      atomicAdd(push.counts.fallbacks, 1);
    }
  } else {
    atomicAdd(push.counts.skipped, 1);
  }
  push.found.at[index] = found;
  // In the order of the objects, so that the picture does not depend on which invocation is first.
  push.draws.at[index] = Draw(found.indices.bytes / 4, drawable ? 1 : 0, 0, index);
}
