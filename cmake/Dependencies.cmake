# Everything the library needs. Abseil and Asio appear in the public headers; the rest never does.
#
# Packages made by vcpkg or Conan bring their own CMake configuration, Debian 12 not always: so a
# configuration is tried first, and the Find modules beside this file fill the gaps.

list(PREPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR})

find_package(Threads REQUIRED)
find_package(absl CONFIG REQUIRED)
find_package(asio 1.22 REQUIRED)
find_package(c-ares 1.18 REQUIRED)
find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto)
find_package(xxHash 0.8 REQUIRED)

# From version 22 on CMake's own module does not know that Protobuf needs Abseil.
find_package(Protobuf CONFIG QUIET)
if(NOT Protobuf_FOUND)
  find_package(Protobuf 3.21 REQUIRED)
endif()
find_package(gRPC CONFIG REQUIRED)

# Of the component sojourn::prometheus alone. Its configuration tells no version; 1.0 is the oldest
# that works.
if(SOJOURN_WITH_PROMETHEUS)
  find_package(prometheus-cpp CONFIG REQUIRED)
endif()
