# Finds Asio without Boost as asio::asio. Installed with Sojourn, since Debian's libasio-dev is a
# directory of headers that CMake knows nothing about.

find_package(asio CONFIG QUIET)
if(TARGET asio::asio)
  set(asio_FOUND TRUE)
  return()
endif()

find_path(asio_INCLUDE_DIR asio.hpp)
if(asio_INCLUDE_DIR)
  # "#define ASIO_VERSION 102201 // 1.22.1"
  file(STRINGS ${asio_INCLUDE_DIR}/asio/version.hpp asio_version REGEX "#define ASIO_VERSION ")
  string(REGEX REPLACE ".*// *([0-9.]+).*" "\\1" asio_VERSION "${asio_version}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  asio
  REQUIRED_VARS asio_INCLUDE_DIR
  VERSION_VAR asio_VERSION
)
mark_as_advanced(asio_INCLUDE_DIR)

if(asio_FOUND)
  find_package(Threads REQUIRED)
  add_library(asio::asio INTERFACE IMPORTED)
  target_include_directories(asio::asio INTERFACE ${asio_INCLUDE_DIR})
  target_compile_definitions(asio::asio INTERFACE ASIO_STANDALONE)
  target_link_libraries(asio::asio INTERFACE Threads::Threads)
endif()
