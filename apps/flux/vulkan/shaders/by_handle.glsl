// What the device has looked up for each object of a frame.

struct Named {
  uvec2 address;  // of the part's first byte
  uint bytes;     // 0: the object is not drawn
  uint unused;
};

struct Found {
  vec4 placement;  // xyz: position in the world; w: scale
  Named vertices;
  Named indices;
  Named constants;
};
