#version 460
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
#extension GL_EXT_control_flow_attributes : require

// Copies the segments of a list (segment_lists.hpp), each by kLanes invocations. With FLUX_BOUND_BUFFERS the same through
// storage buffers, so that a validation layer can see the accesses (tests/vulkan): then the upper 16 bits of an address say which.

layout(local_size_x = 128) in;
layout(constant_id = 0) const uint kLanes = 32;  // a divisor of the workgroup's size
const uint kQuadsInFlight = 8;
const uint kWordsInFlight = 16;

layout(push_constant) uniform Push {
  uvec2 list;  // as a Place, below
  uint count;
} push;

// A place in memory: the address in words of 4 bytes, its lower 32 and its upper 16 bits.
#ifdef FLUX_BOUND_BUFFERS

// The same buffers as words and as quads.
#define BUFFER(n) \
  layout(set = 0, binding = n, std430) buffer Words##n { uint at[]; } words##n; \
  layout(set = 0, binding = n, std430) buffer Quads##n { uvec4 at[]; } quads##n;
BUFFER(0)
BUFFER(1)
BUFFER(2)
BUFFER(3)

uint loadWord(uvec2 place, uint i) {
  switch (place.y) {
    case 0: return words0.at[place.x + i];
    case 1: return words1.at[place.x + i];
    case 2: return words2.at[place.x + i];
    default: return words3.at[place.x + i];
  }
}
uvec4 loadQuad(uvec2 place, uint i) {
  switch (place.y) {
    case 0: return quads0.at[place.x / 4 + i];
    case 1: return quads1.at[place.x / 4 + i];
    case 2: return quads2.at[place.x / 4 + i];
    default: return quads3.at[place.x / 4 + i];
  }
}
void storeWord(uvec2 place, uint i, uint value) {
  switch (place.y) {
    case 0: words0.at[place.x + i] = value; break;
    case 1: words1.at[place.x + i] = value; break;
    case 2: words2.at[place.x + i] = value; break;
    default: words3.at[place.x + i] = value; break;
  }
}
void storeQuad(uvec2 place, uint i, uvec4 value) {
  switch (place.y) {
    case 0: quads0.at[place.x / 4 + i] = value; break;
    case 1: quads1.at[place.x / 4 + i] = value; break;
    case 2: quads2.at[place.x / 4 + i] = value; break;
    default: quads3.at[place.x / 4 + i] = value; break;
  }
}

#else

layout(buffer_reference, std430, buffer_reference_align = 4) buffer Words { uint at[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) buffer Quads { uvec4 at[]; };

uvec2 byteAddress(uvec2 place) { return uvec2(place.x << 2, place.y << 2 | place.x >> 30); }
uint loadWord(uvec2 place, uint i) { return Words(byteAddress(place)).at[i]; }
uvec4 loadQuad(uvec2 place, uint i) { return Quads(byteAddress(place)).at[i]; }
void storeWord(uvec2 place, uint i, uint value) { Words(byteAddress(place)).at[i] = value; }
void storeQuad(uvec2 place, uint i, uvec4 value) { Quads(byteAddress(place)).at[i] = value; }

#endif

uvec2 advanced(uvec2 place, uint count) {
  uint low = place.x + count;
  return uvec2(low, place.y + (low < place.x ? 1 : 0));
}

// Source and destination lie differently in their 16 bytes: neighbouring lanes copy neighbouring words.
void copyWords(uvec2 source, uvec2 destination, uint count, uint lane) {
  for (uint first = lane; first < count; first += kLanes * kWordsInFlight) {
    uint values[kWordsInFlight];
    for (uint k = 0; k < kWordsInFlight; ++k) {
      uint i = first + k * kLanes;
      if (i < count) values[k] = loadWord(source, i);
    }
    for (uint k = 0; k < kWordsInFlight; ++k) {
      uint i = first + k * kLanes;
      if (i < count) storeWord(destination, i, values[k]);
    }
  }
}

// Both are multiples of 16 bytes. All loads of a round are under way before its first store.
void copyQuads(uvec2 source, uvec2 destination, uint count, uint lane) {
  for (uint first = lane; first < count; first += kLanes * kQuadsInFlight) {
    uvec4 values[kQuadsInFlight];
    for (uint k = 0; k < kQuadsInFlight; ++k) {
      uint i = first + k * kLanes;
      if (i < count) values[k] = loadQuad(source, i);
    }
    for (uint k = 0; k < kQuadsInFlight; ++k) {
      uint i = first + k * kLanes;
      if (i < count) storeQuad(destination, i, values[k]);
    }
  }
}

void main() {
  uint index = gl_GlobalInvocationID.x / kLanes;
  if (index >= push.count) return;
  uint lane = gl_LocalInvocationIndex % kLanes;
  uvec4 segment = loadQuad(push.list, index);
  uvec2 source = uvec2(segment.x, segment.y & 0xFFFFu);
  uvec2 destination = segment.zw;
  uint count = segment.y >> 16;
  if (((source.x ^ destination.x) & 3) != 0) {
    copyWords(source, destination, count, lane);
    return;
  }
  uint head = min(-destination.x & 3u, count);  // up to the next multiple of 16 bytes
  uint tail = (count - head) & 3u;
  if (lane < head) storeWord(destination, lane, loadWord(source, lane));
  if (lane < tail) storeWord(destination, count - tail + lane, loadWord(source, count - tail + lane));
  copyQuads(advanced(source, head), advanced(destination, head), (count - head) / 4, lane);
}
