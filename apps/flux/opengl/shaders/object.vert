#version 450
#include "scene.glsl"

layout(binding = 0, std140) uniform Object {
  mat4 local;
  vec4 color;
} object;

layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;

layout(location = 0) out vec3 worldPosition;
layout(location = 1) out vec3 worldNormal;
layout(location = 2) flat out vec3 color;

void main() {
  worldPosition = (object.local * vec4(position, 1.0)).xyz * scene.placement.w + scene.placement.xyz;
  worldNormal = mat3(object.local) * normal;
  color = pow(object.color.rgb, vec3(2.2));  // Chosen by eye, so as the screen shows it.
  gl_Position = scene.viewProjection * vec4(worldPosition, 1.0);
}
