#pragma once

/// Version of the headers. SemVer; before 1.0 a minor version may change the API.
#define FLUX_VERSION_MAJOR 0
#define FLUX_VERSION_MINOR 1
#define FLUX_VERSION_PATCH 0
#define FLUX_VERSION_STRING "0.1.0"
