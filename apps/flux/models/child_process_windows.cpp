#include "failure.hpp"
#include "models/child_process.hpp"

#define WIN32_LEAN_AND_MEAN
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <fcntl.h>
#include <io.h>
#include <windows.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <mutex>

namespace flux::app {
namespace {

constexpr std::chrono::milliseconds kPollInterval{5};

/// Handles are inherited by every child that starts while they are inheritable.
std::mutex& spawnMutex() {
  static std::mutex mutex;
  return mutex;
}

/// Quotes an argument as CommandLineToArgvW undoes it: backslashes count only before a quote.
std::wstring quoted(const std::wstring& argument) {
  std::wstring result = L"\"";
  std::size_t backslashes = 0;
  for (const wchar_t c : argument) {
    if (c == L'"') result.append(backslashes + 1, L'\\');
    backslashes = c == L'\\' ? backslashes + 1 : 0;
    result += c;
  }
  result.append(backslashes, L'\\');
  return result + L'"';
}

}  // namespace

struct ChildProcess::Native {
  HANDLE process = nullptr;
  HANDLE output = nullptr;
};

ChildProcess::ChildProcess(const std::filesystem::path& executable, const std::vector<std::string>& arguments)
    : native_(std::make_unique<Native>()) {
  std::wstring commandLine = quoted(executable.wstring());
  for (const std::string& argument : arguments) commandLine += L' ' + quoted(std::filesystem::path(argument).wstring());

  const std::lock_guard lock(spawnMutex());
  SECURITY_ATTRIBUTES inheritable{sizeof(SECURITY_ATTRIBUTES), nullptr, TRUE};
  HANDLE writeEnd = nullptr;
  if (CreatePipe(&native_->output, &writeEnd, &inheritable, 1 << 16) == 0) throw Failure("cannot make a pipe");
  SetHandleInformation(native_->output, HANDLE_FLAG_INHERIT, 0);
  const HANDLE nothing = CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                     &inheritable, OPEN_EXISTING, 0, nullptr);
  STARTUPINFOW startup{};
  startup.cb = sizeof(startup);
  startup.dwFlags = STARTF_USESTDHANDLES;
  startup.hStdInput = nothing;
  startup.hStdOutput = writeEnd;
  startup.hStdError = nothing;
  PROCESS_INFORMATION info{};
  const BOOL started = CreateProcessW(executable.wstring().c_str(), commandLine.data(), nullptr, nullptr, TRUE,
                                      CREATE_NO_WINDOW, nullptr, nullptr, &startup, &info);
  CloseHandle(writeEnd);
  CloseHandle(nothing);
  if (started == 0) {
    CloseHandle(native_->output);
    throw Failure("cannot start '" + executable.string() + "'");
  }
  CloseHandle(info.hThread);
  native_->process = info.hProcess;
}

ChildProcess::~ChildProcess() {
  CloseHandle(native_->output);
  TerminateProcess(native_->process, 1);
  WaitForSingleObject(native_->process, INFINITE);
  CloseHandle(native_->process);
}

ReadStatus ChildProcess::read(std::span<std::byte> destination, std::chrono::steady_clock::time_point deadline,
                              const std::function<bool()>& cancelled) {
  while (!destination.empty()) {
    if (cancelled()) return ReadStatus::Cancelled;
    DWORD available = 0;
    if (PeekNamedPipe(native_->output, nullptr, 0, nullptr, &available, nullptr) == 0) return ReadStatus::Ended;
    if (available == 0) {
      if (std::chrono::steady_clock::now() >= deadline) return ReadStatus::TimedOut;
      Sleep(static_cast<DWORD>(kPollInterval.count()));
      continue;
    }
    DWORD count = 0;
    const auto wanted = static_cast<DWORD>(std::min<std::size_t>(destination.size(), available));
    if (ReadFile(native_->output, destination.data(), wanted, &count, nullptr) == 0) return ReadStatus::Ended;
    destination = destination.subspan(count);
  }
  return ReadStatus::Complete;
}

std::filesystem::path runningExecutable() {
  std::array<wchar_t, 32768> buffer{};
  const DWORD size = GetModuleFileNameW(nullptr, buffer.data(), static_cast<DWORD>(buffer.size()));
  if (size == 0) throw Failure("cannot find the running program's own file");
  return std::filesystem::path(std::wstring(buffer.data(), size));
}

std::FILE* takeStandardOutput() {
  std::fflush(stdout);
  const int pipeEnd = _dup(_fileno(stdout));
  _setmode(pipeEnd, _O_BINARY);
  _dup2(_fileno(stderr), _fileno(stdout));
  return _fdopen(pipeEnd, "wb");
}

void limitProcessMemory(std::uint64_t bytes) {
  const HANDLE job = CreateJobObjectW(nullptr, nullptr);
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits{};
  limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_PROCESS_MEMORY;
  limits.ProcessMemoryLimit = static_cast<SIZE_T>(bytes);
  SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof(limits));
  AssignProcessToJobObject(job, GetCurrentProcess());
}

}  // namespace flux::app
