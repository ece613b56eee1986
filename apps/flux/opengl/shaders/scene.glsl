// What all draws of a frame share, and where the object stands: one uniform a member, at these locations.

struct Scene {
  mat4 viewProjection;  // 0. The sky gets its inverse.
  vec4 eye;             // 1. xyz: position; w: distance at which the haze hides everything.
  vec4 placement;       // 2. xyz: position in the world; w: scale.
};
layout(location = 0) uniform Scene scene;
