// A Windows program for tools/compile_hlsl.sh: compiles one entry point of an HLSL file with the system's D3DCompile
// and writes the bytecode as a list of 32-bit words, which C++ can include.
//
//   compile_hlsl FILE ENTRY PROFILE OUTPUT

#include <windows.h>

#include <d3dcompiler.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: compile_hlsl FILE ENTRY PROFILE OUTPUT\n");
    return 2;
  }
  std::ifstream in(argv[1], std::ios::binary);
  const std::string source(std::istreambuf_iterator<char>(in), {});
  ID3DBlob* code = nullptr;
  ID3DBlob* messages = nullptr;
  const HRESULT result =
      D3DCompile(source.data(), source.size(), argv[1], nullptr, nullptr, argv[2], argv[3], 0, 0, &code, &messages);
  if (messages != nullptr) {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(messages->GetBufferSize()),
                 static_cast<const char*>(messages->GetBufferPointer()));
  }
  if (FAILED(result)) {
    std::fprintf(stderr, "compile_hlsl: %s: 0x%08lx\n", argv[2], static_cast<unsigned long>(result));
    return 1;
  }
  std::ofstream out(argv[4], std::ios::binary);
  const auto* const bytes = static_cast<const char*>(code->GetBufferPointer());
  for (std::size_t at = 0; at < code->GetBufferSize(); at += sizeof(std::uint32_t)) {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes + at, sizeof word);
    char text[16];
    std::snprintf(text, sizeof text, "0x%08x,", static_cast<unsigned>(word));
    out << text << (at / sizeof word % 8 == 7 ? '\n' : ' ');
  }
  out << '\n';
  return out.flush() ? 0 : 1;
}
