#pragma once

/// The command's shaders in WGSL, compiled by the implementation. They compute what the GLSL ones of the Vulkan back
/// end do.

namespace flux::app::webgpu {

/// `hashBytes` (flux/host.hpp) of ranges, two sums over their words in any order: one workgroup a piece, whose sums are
/// added to its range's.
inline constexpr char kHashShader[] = R"(
struct Piece {
  firstWord: u32,
  bytes: u32,
  firstIndex: u32,  // Of its first word in the range.
  result: u32,      // Which range.
}
struct Sums {
  low: atomic<u32>,
  high: atomic<u32>,
}
@group(0) @binding(0) var<storage, read> chunk: array<u32>;
@group(0) @binding(1) var<storage, read> pieces: array<Piece>;
@group(0) @binding(2) var<storage, read_write> results: array<Sums>;

var<workgroup> low: atomic<u32>;
var<workgroup> high: atomic<u32>;

fn mixed(word: u32, index: u32) -> vec2u {
  var h = word ^ (index * 0x9E3779B9u + 0x7F4A7C15u);
  h ^= h >> 16u;
  h *= 0x7FEB352Du;
  h ^= h >> 15u;
  h *= 0x846CA68Bu;
  h ^= h >> 16u;
  var g = h * 0x297A2D39u;
  g ^= g >> 15u;
  return vec2u(h, g);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let piece = pieces[group.x];
  let whole = piece.bytes / 4u;
  let restBytes = piece.bytes % 4u;
  var sums = vec2u(0u, 0u);
  for (var i = thread; i < whole; i += 64u) {
    sums += mixed(chunk[piece.firstWord + i], piece.firstIndex + i);
  }
  if (thread == 0u && restBytes != 0u) {
    let mask = (1u << (8u * restBytes)) - 1u;
    sums += mixed(chunk[piece.firstWord + whole] & mask, piece.firstIndex + whole);
  }
  atomicAdd(&low, sums.x);
  atomicAdd(&high, sums.y);
  workgroupBarrier();
  if (thread == 0u) {
    atomicAdd(&results[piece.result].low, atomicLoad(&low));
    atomicAdd(&results[piece.result].high, atomicLoad(&high));
  }
}
)";

/// Objects (`objectVertex`, `objectFragment`) and the sky behind them (`skyVertex`, `skyFragment`).
inline constexpr char kSceneShader[] = R"(
struct Scene {
  viewProjection: mat4x4f,
  inverse: mat4x4f,  // Of viewProjection.
  eye: vec4f,        // xyz: position; w: distance at which the haze hides everything.
}
struct Object {
  local: mat4x4f,
  color: vec4f,
}
@group(0) @binding(0) var<uniform> scene: Scene;
@group(0) @binding(1) var<storage, read> placements: array<vec4f>;  // xyz: position in the world; w: scale.
@group(1) @binding(0) var<uniform> object: Object;

const kSunColor = vec3f(1.0, 0.90, 0.74);

fn sunDirection() -> vec3f {
  return normalize(vec3f(0.52, 0.58, 0.38));
}

fn skyColor(direction: vec3f) -> vec3f {
  let zenith = vec3f(0.07, 0.22, 0.58);
  let horizon = vec3f(0.60, 0.72, 0.84);
  let toSun = max(dot(direction, sunDirection()), 0.0);
  return mix(horizon, zenith, pow(max(direction.y, 0.0), 0.55)) +
         kSunColor * (0.22 * pow(toSun, 8.0) + 2.0 * pow(toSun, 900.0));
}

// The camera's y points down, as in Vulkan; WebGPU's points up.
fn clip(position: vec4f) -> vec4f {
  return vec4f(position.x, -position.y, position.zw);
}

struct ObjectVertex {
  @builtin(position) position: vec4f,
  @location(0) world: vec3f,
  @location(1) normal: vec3f,
  @location(2) @interpolate(flat) color: vec3f,
}

@vertex
fn objectVertex(@location(0) position: vec3f, @location(1) normal: vec3f,
                @builtin(instance_index) draw: u32) -> ObjectVertex {
  let placement = placements[draw];
  var out: ObjectVertex;
  out.world = (object.local * vec4f(position, 1.0)).xyz * placement.w + placement.xyz;
  out.normal = mat3x3f(object.local[0].xyz, object.local[1].xyz, object.local[2].xyz) * normal;
  out.color = pow(object.color.rgb, vec3f(2.2));  // Chosen by eye, so as the screen shows it.
  out.position = clip(scene.viewProjection * vec4f(out.world, 1.0));
  return out;
}

@fragment
fn objectFragment(in: ObjectVertex) -> @location(0) vec4f {
  let toEye = scene.eye.xyz - in.world;
  let distanceToEye = length(toEye);
  let view = toEye / distanceToEye;

  // Models come with either winding, and some without normals: light the side that is seen.
  var normal = view;
  if (dot(in.normal, in.normal) > 1e-12) {
    normal = normalize(in.normal);
  }
  if (dot(normal, view) < 0.0) {
    normal = -normal;
  }

  let hemisphere = mix(vec3f(0.16, 0.14, 0.12), vec3f(0.42, 0.52, 0.70), normal.y * 0.5 + 0.5);
  let sun = max(dot(normal, sunDirection()), 0.0);
  let gloss = pow(max(dot(normal, normalize(view + sunDirection())), 0.0), 40.0) * sun;
  let light = in.color * (hemisphere + 1.7 * kSunColor * sun) + 0.12 * kSunColor * gloss;
  // Bright surfaces keep their colour (the curve of Narkowicz, "ACES filmic tone mapping curve", 2015).
  let lit = light * (2.51 * light + 0.03) / (light * (2.43 * light + 0.59) + 0.14);

  let depth = min(distanceToEye / scene.eye.w, 1.0);
  let haze = 1.0 - exp(-6.0 * depth * depth * depth);
  let horizon = normalize(vec3f(-view.x, max(-view.y, 0.0), -view.z) + vec3f(0.0, 1e-4, 0.0));
  return vec4f(mix(lit, skyColor(horizon), haze), 1.0);
}

struct SkyVertex {
  @builtin(position) position: vec4f,
  @location(0) direction: vec3f,
}

// One triangle that covers the picture, at the far plane.
@vertex
fn skyVertex(@builtin(vertex_index) vertex: u32) -> SkyVertex {
  let corner = vec2f(select(-1.0, 3.0, vertex == 1u), select(-1.0, 3.0, vertex == 2u));
  let farPoint = scene.inverse * vec4f(corner, 1.0, 1.0);
  return SkyVertex(clip(vec4f(corner, 1.0, 1.0)), farPoint.xyz / farPoint.w - scene.eye.xyz);
}

@fragment
fn skyFragment(in: SkyVertex) -> @location(0) vec4f {
  return vec4f(skyColor(normalize(in.direction)), 1.0);
}
)";

}  // namespace flux::app::webgpu
