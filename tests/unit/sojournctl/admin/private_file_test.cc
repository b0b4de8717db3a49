#include "sojournctl/admin/private_file.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/catch.h"

namespace sojournctl {
namespace {

namespace fs = std::filesystem;

// Empty at first, and gone at the end.
class Directory {
 public:
  Directory() {
    std::string name = (fs::temp_directory_path() / "private_file_XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Directory() { fs::remove_all(path_); }
  fs::path operator/(const char* name) const { return path_ / name; }
  std::ptrdiff_t count() const {
    return std::distance(fs::directory_iterator(path_), fs::directory_iterator());
  }

 private:
  fs::path path_;
};

std::string content(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST_CASE("only its owner reads a private file, also where another file was", "[sojournctl]") {
  const Directory directory;
  const fs::path path = directory / "secrets";
  std::ofstream(path) << "old";
  fs::permissions(path, fs::perms::all);

  const auto file = PrivateFile::create(path.string());
  REQUIRE(file.ok());
  (*file)->stream() << "new";
  const std::string before = content(path);
  REQUIRE((*file)->keep().ok());

  CHECK(before == "old");
  CHECK(content(path) == "new");
  CHECK(fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  CHECK(directory.count() == 1);
}

TEST_CASE("a private file that is not kept leaves nothing behind", "[sojournctl]") {
  const Directory directory;
  {
    const auto file = PrivateFile::create((directory / "secrets").string());
    REQUIRE(file.ok());
    (*file)->stream() << "half" << std::flush;
    CHECK(directory.count() == 1);
  }

  CHECK(directory.count() == 0);
}

TEST_CASE("a private file takes the place of nothing but files", "[sojournctl]") {
  const Directory directory;
  fs::create_symlink("elsewhere", directory / "link");

  CHECK(absl::IsInvalidArgument(PrivateFile::create((directory / "link").string()).status()));
  CHECK(absl::IsInvalidArgument(PrivateFile::create("/dev/null").status()));
  CHECK(absl::IsInvalidArgument(PrivateFile::create((directory / "no/where").string()).status()));
  CHECK(directory.count() == 1);
}

}  // namespace
}  // namespace sojournctl
