# Finds c-ares as c-ares::cares. Installed with a static Sojourn, since Debian's libc-ares-dev has no
# CMake configuration.

find_package(c-ares CONFIG QUIET)
if(TARGET c-ares::cares)
  set(c-ares_FOUND TRUE)
  return()
endif()

find_path(c-ares_INCLUDE_DIR ares.h)
find_library(c-ares_LIBRARY cares)
if(c-ares_INCLUDE_DIR)
  # #define ARES_VERSION_STR "1.18.1"
  file(STRINGS ${c-ares_INCLUDE_DIR}/ares_version.h c-ares_version REGEX "define ARES_VERSION_STR ")
  string(REGEX REPLACE ".*\"([0-9.]+).*" "\\1" c-ares_VERSION "${c-ares_version}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  c-ares
  REQUIRED_VARS c-ares_LIBRARY c-ares_INCLUDE_DIR
  VERSION_VAR c-ares_VERSION
)
mark_as_advanced(c-ares_INCLUDE_DIR c-ares_LIBRARY)

if(c-ares_FOUND)
  add_library(c-ares::cares UNKNOWN IMPORTED)
  set_target_properties(
    c-ares::cares PROPERTIES
    IMPORTED_LOCATION ${c-ares_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${c-ares_INCLUDE_DIR}
  )
endif()
