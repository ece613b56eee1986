#!/usr/bin/env bash
# Makes the Vulkan validation layer that comes with Debian's Chromium usable by other programs: it is newer than the
# packaged one and understands timeline semaphores, but has no manifest.
#
#   VK_LAYER_PATH=$(tools/validation_layer.sh FOLDER) flux view --validate
#
# Writes a manifest into FOLDER and prints FOLDER. Without the layer: the reason on stderr, exit code 1.
set -euo pipefail

if (($# != 1)); then
  echo "usage: validation_layer.sh FOLDER" >&2
  exit 2
fi
library=$(dpkg -L chromium-common 2>/dev/null | grep -m1 '/libVkLayer_khronos_validation\.so$' || true)
if [[ ! -f $library ]]; then
  echo "validation_layer.sh: the package chromium-common, which has the layer, is not installed" >&2
  exit 1
fi
mkdir -p "$1"
cat >"$1/VkLayer_khronos_validation.json" <<JSON
{
  "file_format_version": "1.2.0",
  "layer": {
    "name": "VK_LAYER_KHRONOS_validation",
    "type": "GLOBAL",
    "library_path": "$library",
    "api_version": "1.3.239",
    "implementation_version": "1",
    "description": "Khronos validation layer, as built for Chromium",
    "instance_extensions": [
      {"name": "VK_EXT_debug_utils", "spec_version": "2"},
      {"name": "VK_EXT_validation_features", "spec_version": "6"}
    ]
  }
}
JSON
cd "$1" && pwd
