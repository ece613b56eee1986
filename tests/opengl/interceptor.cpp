#include "opengl/interceptor.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <type_traits>
#include <utility>

namespace flux::test {
namespace {

struct State {
  std::mutex mutex;  ///< Of all below but `replaced`, which is set before there are threads.
  std::map<std::string, OpenGlFunction, std::less<>> replaced;
  std::map<std::string, std::uint64_t, std::less<>> calls;
  std::uint64_t count = 0;
  std::uint64_t failFrom = 0;
  std::uint64_t failTo = 0;
  GLenum error = GL_NO_ERROR;
  GLenum pending = GL_NO_ERROR;
  std::string failedCall;
};
std::unique_ptr<State> state;

// Every call of the device that can fail, and those that tests only count.
#define FLUX_FALLIBLE(X)                                       \
  X(glClientWaitSync, PFNGLCLIENTWAITSYNCPROC)                 \
  X(glCopyNamedBufferSubData, PFNGLCOPYNAMEDBUFFERSUBDATAPROC) \
  X(glCreateBuffers, PFNGLCREATEBUFFERSPROC)                   \
  X(glFenceSync, PFNGLFENCESYNCPROC)                           \
  X(glMapNamedBufferRange, PFNGLMAPNAMEDBUFFERRANGEPROC)       \
  X(glNamedBufferStorage, PFNGLNAMEDBUFFERSTORAGEPROC)         \
  X(glObjectLabel, PFNGLOBJECTLABELPROC)
#define FLUX_COUNTED_ONLY(X)                 \
  X(glDeleteBuffers, PFNGLDELETEBUFFERSPROC) \
  X(glDeleteSync, PFNGLDELETESYNCPROC)       \
  X(glFlush, PFNGLFLUSHPROC)                 \
  X(glWaitSync, PFNGLWAITSYNCPROC)

/// Whether this call is one to fail; then `glGetError` will say so. Counts it if not. From any thread.
bool fails(const char* name, bool canFail) {
  const std::scoped_lock lock(state->mutex);
  if (!canFail) {
    ++state->calls[name];
    return false;
  }
  ++state->count;
  if (state->count < state->failFrom || state->count > state->failTo) {
    ++state->calls[name];
    return false;
  }
  if (state->failedCall.empty()) state->failedCall = name;
  state->pending = state->error;
  return true;
}

GLenum APIENTRY getError() {
  {
    const std::scoped_lock lock(state->mutex);
    if (state->pending != GL_NO_ERROR) return std::exchange(state->pending, GL_NO_ERROR);
  }
  return app::gl().glGetError();
}

GLenum APIENTRY getGraphicsResetStatus() {
  {
    const std::scoped_lock lock(state->mutex);
    if (state->error == GL_CONTEXT_LOST && state->count >= state->failFrom) return GL_UNKNOWN_CONTEXT_RESET;
  }
  return Interceptor::real<PFNGLGETGRAPHICSRESETSTATUSPROC>("glGetGraphicsResetStatus")();
}

template <class Tag, class Proc>
struct Counted;
template <class Tag, class Return, class... Arguments>
struct Counted<Tag, Return(APIENTRYP)(Arguments...)> {
  static Return APIENTRY call(Arguments... arguments) {
    if (fails(Tag::kName, Tag::kCanFail)) {
      if constexpr (std::is_same_v<Return, GLenum>) return GL_WAIT_FAILED;
      return Return();
    }
    return Interceptor::real<Return(APIENTRYP)(Arguments...)>(Tag::kName)(arguments...);
  }
};

#define FLUX_TAG(name, canFail)                 \
  struct Tag_##name {                           \
    static constexpr const char* kName = #name; \
    static constexpr bool kCanFail = canFail;   \
  };
#define FLUX_FALLIBLE_TAG(name, type) FLUX_TAG(name, true)
#define FLUX_COUNTED_TAG(name, type) FLUX_TAG(name, false)
FLUX_FALLIBLE(FLUX_FALLIBLE_TAG)
FLUX_COUNTED_ONLY(FLUX_COUNTED_TAG)
#undef FLUX_COUNTED_TAG
#undef FLUX_FALLIBLE_TAG
#undef FLUX_TAG

}  // namespace

Interceptor::Interceptor() {
  state = std::make_unique<State>();
}
Interceptor::~Interceptor() {
  state.reset();
}

OpenGlFunction Interceptor::find(const char* name) {
  if (const auto replaced = state->replaced.find(std::string_view(name)); replaced != state->replaced.end()) {
    return replaced->second;
  }
#define FLUX_COUNT(function, type)         \
  if (std::string_view(name) == #function) \
    return reinterpret_cast<OpenGlFunction>(&Counted<Tag_##function, type>::call);
  FLUX_FALLIBLE(FLUX_COUNT)
  FLUX_COUNTED_ONLY(FLUX_COUNT)
#undef FLUX_COUNT
  if (std::string_view(name) == "glGetError") return reinterpret_cast<OpenGlFunction>(&getError);
  if (std::string_view(name) == "glGetGraphicsResetStatus") {
    return reinterpret_cast<OpenGlFunction>(&getGraphicsResetStatus);
  }
  return app::gl().eglGetProcAddress(name);
}

void Interceptor::failCall(std::uint64_t k, GLenum error) {
  const std::scoped_lock lock(state->mutex);
  state->failFrom = state->failTo = state->count + k;
  state->error = error;
}
void Interceptor::loseContext(std::uint64_t k) {
  const std::scoped_lock lock(state->mutex);
  state->failFrom = state->count + k;
  state->failTo = ~std::uint64_t{0};
  state->error = GL_CONTEXT_LOST;
}
void Interceptor::failNothing() noexcept {
  const std::scoped_lock lock(state->mutex);
  state->failFrom = state->failTo = 0;
  state->error = GL_NO_ERROR;
}
std::string Interceptor::takeFailedCall() {
  const std::scoped_lock lock(state->mutex);
  return std::exchange(state->failedCall, {});
}
std::uint64_t Interceptor::calls(const std::string& name) const {
  const std::scoped_lock lock(state->mutex);
  const auto found = state->calls.find(name);
  return found != state->calls.end() ? found->second : 0;
}
void Interceptor::replaceAny(const char* name, OpenGlFunction function) {
  state->replaced.insert_or_assign(name, function);
}

}  // namespace flux::test
