#version 460
#extension GL_GOOGLE_include_directive : require
#include "sky.glsl"

layout(location = 0) in vec3 direction;
layout(location = 0) out vec4 outColor;

void main() { outColor = vec4(skyColor(normalize(direction)), 1.0); }
