#version 450
#include "scene.glsl"

layout(location = 0) out vec3 direction;

// One triangle that covers the picture, at the far plane.
void main() {
  vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
  vec4 farPoint = scene.viewProjection * vec4(corner, 1.0, 1.0);
  direction = farPoint.xyz / farPoint.w - scene.eye.xyz;
  gl_Position = vec4(corner, 1.0, 1.0);
}
