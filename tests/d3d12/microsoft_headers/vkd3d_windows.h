// Instead of vkd3d's: Microsoft's own (Debian: directx-headers-dev), for a look at what the back end does with newer ones.
#include <wsl/winadapter.h>
