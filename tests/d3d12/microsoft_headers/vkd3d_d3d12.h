// As vkd3d_windows.h here.
#include <directx/d3d12.h>
