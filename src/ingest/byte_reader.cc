#include "ingest/byte_reader.h"

#include <algorithm>
#include <zlib.h>

namespace residency::ingest {
namespace {

constexpr std::size_t kPieceBytes = 1u << 20;
constexpr int kGzipWindowBits = 15 + 16;  // zlib: the largest window, gzip framing

}  // namespace

struct ByteReader::Inflater {
  z_stream stream{};
  std::string input;
  bool begun = false;   // initialised
  bool inside = false;  // within a member
  ~Inflater() {
    if (begun) inflateEnd(&stream);
  }
};

ByteReader::ByteReader(std::unique_ptr<RandomAccessFile> file, std::uint64_t expanded_bytes_max)
    : file_(std::move(file)), expanded_bytes_max_(expanded_bytes_max) {}

ByteReader::~ByteReader() = default;

Result<std::unique_ptr<ByteReader>> ByteReader::open(Env& env, const std::string& path, bool gzip,
                                                     std::uint64_t expanded_bytes_max) {
  RESIDENCY_TRY(auto file, env.open_read(path));
  return over(std::move(file), gzip, expanded_bytes_max);
}

Result<std::unique_ptr<ByteReader>> ByteReader::over(std::unique_ptr<RandomAccessFile> file,
                                                     bool gzip, std::uint64_t expanded_bytes_max) {
  std::unique_ptr<ByteReader> reader(new ByteReader(std::move(file), expanded_bytes_max));
  if (gzip) {
    reader->inflater_ = std::make_unique<Inflater>();
    if (inflateInit2(&reader->inflater_->stream, kGzipWindowBits) != Z_OK) {
      return resource_exhausted("cannot set up gzip");
    }
    reader->inflater_->begun = true;
  }
  return reader;
}

Result<bool> ByteReader::next_raw(std::string& buffer) {
  const std::uint64_t left = file_->size() - offset_;
  if (left == 0) return false;
  const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(left, kPieceBytes));
  RESIDENCY_TRY(const std::string piece, file_->read_at(offset_, length));
  offset_ += piece.size();
  digest_.update(piece);
  buffer += piece;
  return true;
}

Result<bool> ByteReader::next_expanded(std::string& buffer) {
  Inflater& inflater = *inflater_;
  z_stream& stream = inflater.stream;
  std::string piece(kPieceBytes, '\0');
  stream.next_out = reinterpret_cast<Bytef*>(piece.data());
  stream.avail_out = static_cast<uInt>(piece.size());
  while (stream.avail_out == piece.size()) {
    if (stream.avail_in == 0) {
      inflater.input.clear();
      RESIDENCY_TRY(const bool more, next_raw(inflater.input));
      if (!more) {
        if (inflater.inside) return invalid_input("gzip bytes end early");
        return false;
      }
      stream.next_in = reinterpret_cast<Bytef*>(inflater.input.data());
      stream.avail_in = static_cast<uInt>(inflater.input.size());
    }
    inflater.inside = true;
    const int status = inflate(&stream, Z_NO_FLUSH);
    if (status == Z_STREAM_END) {  // another member may follow
      inflater.inside = false;
      if (inflateReset(&stream) != Z_OK) return invalid_input("gzip bytes are damaged");
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      return invalid_input("gzip bytes are damaged");
    }
  }
  piece.resize(piece.size() - stream.avail_out);
  expanded_ += piece.size();
  if (expanded_ > expanded_bytes_max_) return resource_exhausted("gzip expands past the limit");
  buffer += piece;
  return true;
}

Result<bool> ByteReader::next(std::string& buffer) {
  return inflater_ ? next_expanded(buffer) : next_raw(buffer);
}

Result<std::string> ByteReader::finish_sha256() {
  std::string rest;
  for (bool more = true; more;) {
    rest.clear();
    RESIDENCY_TRY(more, next_raw(rest));
  }
  return digest_.hex();
}

}  // namespace residency::ingest
