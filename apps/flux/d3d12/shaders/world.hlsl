// The pictures of `flux view` on Direct3D 12: four programs, which draw what the Vulkan renderer's GLSL draws.
// tools/compile_hlsl.sh makes the bytecode beside this file from it.

cbuffer Scene : register(b0) {
  float4x4 viewProjection;  // The sky gets its inverse.
  float4 eye;               // xyz: position; w: distance at which the haze hides everything.
  float4 placement;         // xyz: position in the world; w: scale.
};

cbuffer Object : register(b1) {
  float4x4 local;
  float4 objectColor;
};

static const float3 kSunDirection = float3(0.599909, 0.669129, 0.438395);  // of (0.52, 0.58, 0.38)
static const float3 kSunColor = float3(1.0, 0.90, 0.74);

// Written for the compiler that tools/compile_hlsl.sh can count on (the one of Wine 8): it calls no functions and knows no exp, log
// or sqrt and no ?:. So there are macros, pow alone (of at least kTiny, for 0 has no logarithm), and comparisons as numbers.
static const float kTiny = 1e-30;

// What the sky looks like in a direction: shared by the background and by the haze on distant objects. `up` is the
// direction's y, `toSun` its cosine to the sun, both at least kTiny.
#define SKY_COLOR(up, toSun)                                                       \
  (lerp(float3(0.60, 0.72, 0.84), float3(0.07, 0.22, 0.58), pow(up, 0.55)) +       \
   kSunColor * (0.22 * pow(toSun, 8.0) + 2.0 * pow(toSun, 900.0)))

// The camera's projection is Vulkan's, in which y points down.
#define CLIP_POSITION(position) (position * float4(1.0, -1.0, 1.0, 1.0))

void objectVertex(float3 position : POSITION, float3 normal : NORMAL, out float3 worldPosition : TEXCOORD0,
                  out float3 worldNormal : TEXCOORD1, out nointerpolation float3 color : TEXCOORD2,
                  out float4 clip : SV_Position) {
  worldPosition = mul(local, float4(position, 1.0)).xyz * placement.w + placement.xyz;
  worldNormal = mul(local, float4(normal, 0.0)).xyz;
  // Chosen by eye, so as the screen shows it.
  color = pow(max(objectColor.rgb, kTiny), 2.2);
  clip = CLIP_POSITION(mul(viewProjection, float4(worldPosition, 1.0)));
}

float4 objectPixel(float3 worldPosition : TEXCOORD0, float3 worldNormal : TEXCOORD1,
                   nointerpolation float3 color : TEXCOORD2) : SV_Target {
  float3 toEye = eye.xyz - worldPosition;
  float3 view = normalize(toEye);
  float depth = min(dot(toEye, view) / eye.w, 1.0);
  float haze = 1.0 - pow(0.367879, 6.0 * depth * depth * depth);
  float3 horizon = normalize(float3(-view.x, max(-view.y, 0.0) + 1e-4, -view.z));
  float up = max(horizon.y, kTiny);
  float toSun = max(dot(horizon, kSunDirection), kTiny);
  float3 behind = SKY_COLOR(up, toSun) * haze;

  // Models come with either winding, and some without normals: light the side that is seen.
  float hasNormal = dot(worldNormal, worldNormal) > 1e-12;
  float3 normal = normalize(lerp(view, worldNormal, hasNormal));
  float seen = dot(normal, view) >= 0.0;
  normal = normal * (2.0 * seen - 1.0);

  float3 hemisphere = lerp(float3(0.16, 0.14, 0.12), float3(0.42, 0.52, 0.70), normal.y * 0.5 + 0.5);
  float sun = max(dot(normal, kSunDirection), 0.0);
  float gloss = pow(max(dot(normal, normalize(view + kSunDirection)), kTiny), 40.0) * sun;
  float3 light = color * (hemisphere + 1.7 * kSunColor * sun) + 0.12 * kSunColor * gloss;
  // Bright surfaces keep their colour (the curve of Narkowicz, "ACES filmic tone mapping curve", 2015).
  float3 lit = light * (2.51 * light + 0.03) / (light * (2.43 * light + 0.59) + 0.14);
  return float4(lit * (1.0 - haze) + behind, 1.0);
}

// One triangle that covers the picture, at the far plane.
void skyVertex(uint index : SV_VertexID, out float3 direction : TEXCOORD0, out float4 clip : SV_Position) {
  float2 corner = float2(index == 1, index == 2) * 4.0 - 1.0;
  float4 farPoint = mul(viewProjection, float4(corner, 1.0, 1.0));
  direction = farPoint.xyz / farPoint.w - eye.xyz;
  clip = CLIP_POSITION(float4(corner, 1.0, 1.0));
}

float4 skyPixel(float3 direction : TEXCOORD0) : SV_Target {
  float3 unit = normalize(direction);
  float up = max(unit.y, kTiny);
  float toSun = max(dot(unit, kSunDirection), kTiny);
  return float4(SKY_COLOR(up, toSun), 1.0);
}
