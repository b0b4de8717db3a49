vcpkg_from_github(
  OUT_SOURCE_PATH SOURCE_PATH
  REPO sojourn/sojourn
  REF "v${VERSION}"
  SHA512 0
  HEAD_REF main
)

vcpkg_check_features(
  OUT_FEATURE_OPTIONS FEATURE_OPTIONS
  FEATURES
    prometheus SOJOURN_WITH_PROMETHEUS
)

vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS
    ${FEATURE_OPTIONS}
    -DSOJOURN_BUILD_TESTS=OFF
    -DSOJOURN_BUILD_TOOLS=OFF
    -DSOJOURN_BUILD_EXAMPLES=OFF
    -DSOJOURN_BUILD_BENCHMARKS=OFF
)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/sojourn)
vcpkg_fixup_pkgconfig()

file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include")
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
