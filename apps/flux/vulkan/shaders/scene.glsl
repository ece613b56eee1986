// What all draws of a frame share, and where the object stands.

layout(push_constant) uniform Scene {
  mat4 viewProjection;  // The sky gets its inverse.
  vec4 eye;             // xyz: position; w: distance at which the haze hides everything.
  vec4 placement;       // xyz: position in the world; w: scale.
} scene;
