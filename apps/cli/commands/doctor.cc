#include <fmt/format.h>
#include <fstream>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <thread>

#include "cli/command_line.h"
#include "cli/commands/commands.h"

namespace residency::cli {
namespace {

constexpr std::uint64_t kMemoryWantedMb = 3000;
constexpr std::uint64_t kDiskWantedMb = 2000;

struct Check {
  std::string name;
  bool ok = true;
  std::string finding;
};

Check check_processor() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  std::string line;
  bool bf16 = false;
  bool avx512 = false;
  bool avx2 = false;
  while (std::getline(cpuinfo, line)) {
    if (line.rfind("flags", 0) != 0) continue;
    bf16 = line.find("avx512_bf16") != std::string::npos;
    avx512 = line.find("avx512f") != std::string::npos;
    avx2 = line.find(" avx2") != std::string::npos;
    break;
  }
  const char* kind = bf16     ? "AVX-512 with bf16: the fast path"
                     : avx512 ? "AVX-512 without bf16: fp32 is as fast"
                     : avx2   ? "AVX2: training will be slow"
                              : "no AVX2: training will be very slow";
  return {"processor", avx2,
          fmt::format("{} cores, {}", std::thread::hardware_concurrency(), kind)};
}

Check check_memory() {
  struct sysinfo info {};
  ::sysinfo(&info);
  const std::uint64_t mb = static_cast<std::uint64_t>(info.totalram) * info.mem_unit >> 20;
  return {"memory", mb >= kMemoryWantedMb,
          fmt::format("{} MB; a 135 M model wants {} MB", mb, kMemoryWantedMb)};
}

Check check_disk(const std::string& folder) {
  struct statvfs info {};
  if (::statvfs(folder.c_str(), &info) != 0) return {"disk", false, "cannot be asked"};
  const std::uint64_t mb = info.f_bavail * info.f_frsize >> 20;
  return {"disk", mb >= kDiskWantedMb, fmt::format("{} MB free; {} MB wanted", mb, kDiskWantedMb)};
}

Check check_workspace(const CommonOptions& common) {
  auto workspace = open_workspace(common);
  if (workspace.ok()) return {"workspace", true, "opens: " + common.workspace};
  return {"workspace", false, workspace.error().message()};
}

}  // namespace

int doctor_command(const Words& words) {
  CLI::App app{"Checks whether this machine and the workspace are fit for work."};
  CommonOptions common;
  common.add_to(app);
  if (auto ended = parse(app, words)) return *ended;
  const std::vector<Check> checks{check_processor(), check_memory(), check_disk("."),
                                  check_workspace(common)};
  Json all = Json::array();
  std::vector<std::vector<std::string>> rows;
  bool ok = true;
  for (const Check& check : checks) {
    // A workspace that is not made yet is no fault of the machine.
    if (check.name != "workspace") ok = ok && check.ok;
    rows.push_back({check.name, check.ok ? "ok" : "look", check.finding});
    all.push_back({{"check", check.name}, {"ok", check.ok}, {"finding", check.finding}});
  }
  if (common.json) {
    print_json(all);
  } else {
    fmt::print("{}", render_table({"CHECK", "STATE", "FINDING"}, rows));
  }
  return ok ? 0 : 1;
}

}  // namespace residency::cli
