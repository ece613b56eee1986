#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
#include "by_handle.glsl"

// As object.vert, for a draw whose places the device has looked up: no vertex or index buffer is bound, and no descriptor.

layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer FoundObjects { Found at[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) readonly buffer Indices { uint at[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) readonly buffer Vertices { float at[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer Constants {
  mat4 local;
  vec4 color;
};

layout(push_constant) uniform Scene {
  mat4 viewProjection;
  vec4 eye;
  FoundObjects found;  // where the others have the placement
} scene;

layout(location = 0) out vec3 worldPosition;
layout(location = 1) out vec3 worldNormal;
layout(location = 2) flat out vec3 color;

const uint kVertexFloats = 6;

void main() {
  Found object = scene.found.at[gl_InstanceIndex];
  uint first = Indices(object.indices.address).at[gl_VertexIndex] * kVertexFloats;
  Vertices vertices = Vertices(object.vertices.address);
  vec3 position = vec3(vertices.at[first], vertices.at[first + 1], vertices.at[first + 2]);
  vec3 normal = vec3(vertices.at[first + 3], vertices.at[first + 4], vertices.at[first + 5]);
  Constants constants = Constants(object.constants.address);

  worldPosition = (constants.local * vec4(position, 1.0)).xyz * object.placement.w + object.placement.xyz;
  worldNormal = mat3(constants.local) * normal;
  color = pow(constants.color.rgb, vec3(2.2));
  gl_Position = scene.viewProjection * vec4(worldPosition, 1.0);
}
