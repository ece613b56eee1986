// What the sky looks like in a direction: shared by the background and by the haze on distant objects.

const vec3 kSunDirection = normalize(vec3(0.52, 0.58, 0.38));
const vec3 kSunColor = vec3(1.0, 0.90, 0.74);

vec3 skyColor(vec3 direction) {
  const vec3 zenith = vec3(0.07, 0.22, 0.58);
  const vec3 horizon = vec3(0.60, 0.72, 0.84);
  float toSun = max(dot(direction, kSunDirection), 0.0);
  return mix(horizon, zenith, pow(max(direction.y, 0.0), 0.55)) +
         kSunColor * (0.22 * pow(toSun, 8.0) + 2.0 * pow(toSun, 900.0));
}
