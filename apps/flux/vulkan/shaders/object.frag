#version 460
#extension GL_GOOGLE_include_directive : require
#include "scene.glsl"
#include "sky.glsl"

layout(location = 0) in vec3 worldPosition;
layout(location = 1) in vec3 worldNormal;
layout(location = 2) flat in vec3 color;

layout(location = 0) out vec4 outColor;

void main() {
  vec3 toEye = scene.eye.xyz - worldPosition;
  float distanceToEye = length(toEye);
  vec3 view = toEye / distanceToEye;

  // Models come with either winding, and some without normals: light the side that is seen.
  vec3 normal = dot(worldNormal, worldNormal) > 1e-12 ? normalize(worldNormal) : view;
  if (dot(normal, view) < 0.0) normal = -normal;

  vec3 hemisphere = mix(vec3(0.16, 0.14, 0.12), vec3(0.42, 0.52, 0.70), normal.y * 0.5 + 0.5);
  float sun = max(dot(normal, kSunDirection), 0.0);
  float gloss = pow(max(dot(normal, normalize(view + kSunDirection)), 0.0), 40.0) * sun;
  vec3 light = color * (hemisphere + 1.7 * kSunColor * sun) + 0.12 * kSunColor * gloss;
  // Bright surfaces keep their colour (the curve of Narkowicz, "ACES filmic tone mapping curve", 2015).
  vec3 lit = light * (2.51 * light + 0.03) / (light * (2.43 * light + 0.59) + 0.14);

  float depth = min(distanceToEye / scene.eye.w, 1.0);
  float haze = 1.0 - exp(-6.0 * depth * depth * depth);
  vec3 horizonDirection = normalize(vec3(-view.x, max(-view.y, 0.0), -view.z) + vec3(0.0, 1e-4, 0.0));
  outColor = vec4(mix(lit, skyColor(horizonDirection), haze), 1.0);
}
