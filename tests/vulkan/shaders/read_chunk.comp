#version 450

// Reads a range of a chunk as an application's compute shader would.
layout(local_size_x = 64) in;
layout(set = 0, binding = 0, std430) readonly buffer Chunk { uint words[]; } chunk;
layout(set = 0, binding = 1, std430) buffer Result { uint sum; } result;

void main() {
  uint sum = 0;
  for (uint i = gl_LocalInvocationIndex; i < chunk.words.length(); i += 64) sum += chunk.words[i];
  atomicAdd(result.sum, sum);
}
