# Debian packages, made by `cpack` in the build directory, or all at once by
# `cmake --workflow --preset debian`:
#   libsojourn0.1    the shared library, named for its SONAME as Debian's policy asks
#   libsojourn-dev   headers, and what finds the library
#   sojourn-tools    sojournctl
#
# A build with a static library has no libsojourn0.1, and the library itself in libsojourn-dev.

set(CPACK_GENERATOR DEB)
set(CPACK_OUTPUT_CONFIG_FILE ${PROJECT_BINARY_DIR}/CPackConfig.cmake)
set(CPACK_SOURCE_OUTPUT_CONFIG_FILE ${PROJECT_BINARY_DIR}/CPackSourceConfig.cmake)
set(CPACK_INSTALL_CMAKE_PROJECTS "${PROJECT_BINARY_DIR};${PROJECT_NAME};ALL;/")
set(CPACK_PACKAGE_NAME ${PROJECT_NAME})
set(CPACK_PACKAGE_VENDOR ${PROJECT_NAME})
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "Sojourn maintainers <maintainers@sojourn.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
# What is installed names the directory where it will be, not the one where packages are put together.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_COMPONENTS_ALL development)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libsojourn-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(
  CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
  "${PROJECT_DESCRIPTION}: development files\n Headers, and configuration for CMake and pkg-config."
)
set(development_dependencies "libabsl-dev (>= 0~20220623)" "libasio-dev (>= 1:1.22)")

if(sojourn_type STREQUAL "SHARED_LIBRARY")
  set(abi ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  list(APPEND CPACK_COMPONENTS_ALL runtime)
  set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME libsojourn${abi})
  set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
  set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
  # Lets programs of other packages find out which package they need; and runs ldconfig.
  set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
  set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
  set(
    CPACK_COMPONENT_RUNTIME_DESCRIPTION
    "${PROJECT_DESCRIPTION}: shared library\n Sessions live in memory on the replicas of a login service."
  )
  list(PREPEND development_dependencies "libsojourn${abi} (= ${PROJECT_VERSION})")
else()
  list(
    APPEND development_dependencies
    libc-ares-dev libgrpc++-dev libprotobuf-dev libssl-dev libxxhash-dev
  )
endif()
list(JOIN development_dependencies ", " CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS)

if(TARGET sojournctl)
  list(APPEND CPACK_COMPONENTS_ALL tools)
  set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME sojourn-tools)
  set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION admin)
  set(CPACK_DEBIAN_TOOLS_PACKAGE_SHLIBDEPS ON)
  set(
    CPACK_COMPONENT_TOOLS_DESCRIPTION
    "${PROJECT_DESCRIPTION}: tools for operators\n sojournctl administers a cluster, and writes configurations of load balancers."
  )
endif()

# Debian's policy asks every package for its licence.
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER ${component} upper)
  install(
    FILES ${PROJECT_SOURCE_DIR}/packaging/debian/copyright
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME}
    COMPONENT ${component}
    EXCLUDE_FROM_ALL
  )
endforeach()

include(CPack)
