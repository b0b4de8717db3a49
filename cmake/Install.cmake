# The installed package: headers, library, CMake configuration, pkg-config file.

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_directory ${CMAKE_INSTALL_LIBDIR}/cmake/sojourn)

install(TARGETS sojourn EXPORT sojournTargets FILE_SET HEADERS)
install(
  EXPORT sojournTargets
  NAMESPACE sojourn::
  DESTINATION ${package_directory}
)

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
)

if(sojourn_type STREQUAL "STATIC_LIBRARY")
  set(sojourn_pc_definitions "-DSOJOURN_STATIC_DEFINE")
endif()
# In two steps, because `cmake --install --prefix` may choose another prefix.
set(prefix "@CMAKE_INSTALL_PREFIX@")
configure_file(cmake/sojourn.pc.in ${PROJECT_BINARY_DIR}/sojourn.pc.in @ONLY)
install(
  CODE
    "configure_file(\"${PROJECT_BINARY_DIR}/sojourn.pc.in\" \"${PROJECT_BINARY_DIR}/sojourn.pc\" @ONLY)"
)
install(FILES ${PROJECT_BINARY_DIR}/sojourn.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
