# The installed package: headers, library, CMake configuration, pkg-config file.
#
# In components, which Debian's packages are made of (Packages.cmake): `runtime` is what programs need
# to run with a shared library, `development` what is needed to build them, `tools` sojournctl.

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_directory ${CMAKE_INSTALL_LIBDIR}/cmake/sojourn)

install(
  TARGETS sojourn
  EXPORT sojournTargets
  LIBRARY COMPONENT runtime NAMELINK_COMPONENT development
  ARCHIVE COMPONENT development
  FILE_SET HEADERS COMPONENT development
)
install(
  EXPORT sojournTargets
  NAMESPACE sojourn::
  DESTINATION ${package_directory}
  COMPONENT development
)
# The component `prometheus`, whole: no other package shall need prometheus-cpp.
if(SOJOURN_WITH_PROMETHEUS)
  install(
    TARGETS sojourn_prometheus
    EXPORT sojournPrometheusTargets
    LIBRARY COMPONENT prometheus
    ARCHIVE COMPONENT prometheus
    FILE_SET HEADERS COMPONENT prometheus
  )
  install(
    EXPORT sojournPrometheusTargets
    NAMESPACE sojourn::
    DESTINATION ${package_directory}
    COMPONENT prometheus
  )
endif()

get_target_property(sojourn_type sojourn TYPE)
configure_package_config_file(
  cmake/sojournConfig.cmake.in ${PROJECT_BINARY_DIR}/sojournConfig.cmake
  INSTALL_DESTINATION ${package_directory}
)
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/sojournConfigVersion.cmake
  COMPATIBILITY SameMinorVersion  # SameMajorVersion from 1.0 on
)
install(
  FILES
    ${PROJECT_BINARY_DIR}/sojournConfig.cmake
    ${PROJECT_BINARY_DIR}/sojournConfigVersion.cmake
    cmake/Findasio.cmake
    cmake/Findc-ares.cmake
    cmake/FindxxHash.cmake
  DESTINATION ${package_directory}
  COMPONENT development
)

# Only a static library's users need what is behind it: with a shared one, pkg-config would ask for
# its files all the same.
if(sojourn_type STREQUAL "STATIC_LIBRARY")
  set(sojourn_pc_definitions "-DSOJOURN_STATIC_DEFINE")
  string(
    CONCAT sojourn_pc_private
    "Requires.private: absl_flat_hash_set absl_str_format absl_strings absl_inlined_vector grpc++ "
    "libcares libcrypto libxxhash protobuf\nLibs.private: -pthread\n"
  )
endif()
# In two steps, because `cmake --install --prefix` may choose another prefix.
set(prefix "@CMAKE_INSTALL_PREFIX@")
configure_file(cmake/sojourn.pc.in ${PROJECT_BINARY_DIR}/sojourn.pc.in @ONLY)
install(
  CODE
    "configure_file(\"${PROJECT_BINARY_DIR}/sojourn.pc.in\" \"${PROJECT_BINARY_DIR}/sojourn.pc\" @ONLY)"
  COMPONENT development
)
install(
  FILES ${PROJECT_BINARY_DIR}/sojourn.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
  COMPONENT development
)

include(${CMAKE_CURRENT_LIST_DIR}/Sbom.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/Packages.cmake)
