#include "record/block_file.hpp"

#include <zlib.h>

#include <algorithm>
#include <string>

namespace flux {
namespace {

/// Events are alike, so the fastest level packs them to a third already.
constexpr int kLevel = 1;
constexpr unsigned kByteBits = 8;

void put(std::byte* to, std::uint32_t value) {
  for (unsigned i = 0; i < sizeof(value); ++i) to[i] = static_cast<std::byte>(value >> (i * kByteBits));
}

std::uint32_t get(const std::byte* from) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < sizeof(value); ++i) value |= static_cast<std::uint32_t>(from[i]) << (i * kByteBits);
  return value;
}

const Bytef* zlibBytes(const std::byte* bytes) {
  return reinterpret_cast<const Bytef*>(bytes);
}

std::uint32_t crcOf(std::span<const std::byte> bytes) {
  return static_cast<std::uint32_t>(crc32(0, zlibBytes(bytes.data()), static_cast<uInt>(bytes.size())));
}

void write(std::ostream& out, std::span<const std::byte> bytes) {
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

/// How many bytes there were.
std::size_t read(std::istream& in, std::span<std::byte> bytes) {
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return static_cast<std::size_t>(in.gcount());
}

}  // namespace

bool writeFileHead(std::ostream& out) {
  out.write(kRecordingMagic.data(), static_cast<std::streamsize>(kRecordingMagic.size()));
  out.put(static_cast<char>(kRecordingVersion));
  return out.good();
}

bool writeBlock(std::ostream& out, std::span<const std::byte> bytes) {
  uLongf packedBytes = compressBound(static_cast<uLong>(bytes.size()));
  std::vector<std::byte> block(BlockHead::kBytes + packedBytes);
  compress2(reinterpret_cast<Bytef*>(block.data() + BlockHead::kBytes), &packedBytes, zlibBytes(bytes.data()),
            static_cast<uLong>(bytes.size()), kLevel);
  block.resize(BlockHead::kBytes + packedBytes);
  put(block.data(), static_cast<std::uint32_t>(bytes.size()));
  put(block.data() + 4, static_cast<std::uint32_t>(packedBytes));
  put(block.data() + 8, crcOf(std::span(block).subspan(BlockHead::kBytes)));
  write(out, block);
  out.flush();
  return out.good();
}

BlockRead readBlock(std::istream& in, std::vector<std::byte>& bytes) {
  std::array<std::byte, BlockHead::kBytes> head;
  const std::size_t headBytes = read(in, head);
  if (headBytes == 0) return BlockRead::End;
  if (headBytes < head.size()) return BlockRead::Cut;
  const BlockHead block{get(head.data()), get(head.data() + 4), get(head.data() + 8)};
  if (block.bytes > kMaxBlockBytes || block.packedBytes > kMaxBlockBytes) return BlockRead::Damaged;
  // Memory grows with what is there, not with what the file says.
  constexpr std::size_t kStep = 1U << 20U;
  std::vector<std::byte> packed;
  while (packed.size() < block.packedBytes) {
    const std::size_t before = packed.size();
    packed.resize(std::min<std::size_t>(block.packedBytes, before + kStep));
    if (read(in, std::span(packed).subspan(before)) < packed.size() - before) return BlockRead::Cut;
  }
  if (crcOf(packed) != block.crc) return BlockRead::Damaged;
  bytes.resize(block.bytes);
  uLongf size = block.bytes;
  const int result = uncompress(reinterpret_cast<Bytef*>(bytes.data()), &size, zlibBytes(packed.data()),
                                static_cast<uLong>(packed.size()));
  return result == Z_OK && size == block.bytes ? BlockRead::Block : BlockRead::Damaged;
}

}  // namespace flux
