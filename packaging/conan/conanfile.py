from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, rmdir
import os

required_conan_version = ">=2.0.9"


class SojournConan(ConanFile):
    name = "sojourn"
    version = "0.1.0"
    description = "An embeddable, replicated session store"
    license = "Apache-2.0"
    topics = ("session", "replication", "cluster")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False]}
    default_options = {"shared": False, "fPIC": True}
    implements = ["auto_shared_fpic"]

    def export_sources(self):
        # This file lies two directories below the source tree.
        project = os.path.join(self.recipe_folder, os.pardir, os.pardir)
        for part in ("CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "proto/*", "src/*"):
            copy(self, part, project, self.export_sources_folder)

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        # These two appear in the public headers.
        self.requires("abseil/20250127.0", transitive_headers=True, transitive_libs=True)
        self.requires("asio/1.32.0", transitive_headers=True)
        self.requires("c-ares/1.34.3")
        self.requires("grpc/1.69.0")
        self.requires("openssl/[>=3 <4]")
        self.requires("protobuf/5.29.6")
        self.requires("xxhash/0.8.3")

    def build_requirements(self):
        self.tool_requires("cmake/[>=3.25 <4]")
        self.tool_requires("grpc/<host_version>")
        self.tool_requires("protobuf/<host_version>")

    def validate(self):
        check_min_cppstd(self, 20)

    def generate(self):
        toolchain = CMakeToolchain(self)
        for part in ("TESTS", "TOOLS", "EXAMPLES", "BENCHMARKS"):
            toolchain.cache_variables[f"SOJOURN_BUILD_{part}"] = False
        toolchain.cache_variables["SOJOURN_WITH_PROMETHEUS"] = False
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        CMake(self).install()
        for generated in ("cmake", "pkgconfig"):
            rmdir(self, os.path.join(self.package_folder, "lib", generated))

    def package_info(self):
        self.cpp_info.libs = ["sojourn"]
        self.cpp_info.set_property("cmake_file_name", "sojourn")
        self.cpp_info.set_property("cmake_target_name", "sojourn::sojourn")
        self.cpp_info.set_property("pkg_config_name", "sojourn")
        self.cpp_info.requires = [
            "abseil::absl_any_invocable",
            "abseil::absl_core_headers",
            "abseil::absl_flat_hash_set",
            "abseil::absl_function_ref",
            "abseil::absl_hash",
            "abseil::absl_inlined_vector",
            "abseil::absl_status",
            "abseil::absl_statusor",
            "abseil::absl_str_format",
            "abseil::absl_strings",
            "asio::asio",
            "c-ares::c-ares",
            "grpc::grpc++",
            "openssl::crypto",
            "protobuf::libprotobuf",
            "xxhash::xxhash",
        ]
        if not self.options.shared:
            self.cpp_info.defines = ["SOJOURN_STATIC_DEFINE"]
