# sojourn_build_flags: warnings and sanitizers for Sojourn's own code. Always linked privately: who
# uses the library decides about their own flags.

add_library(sojourn_build_flags INTERFACE)

target_compile_options(
  sojourn_build_flags INTERFACE
  -Wall
  -Wextra
  -Wpedantic
  $<$<CXX_COMPILER_ID:GNU>:-Wshadow=local>  # a parameter may be named as the member it sets
  -Wold-style-cast
  -Wnon-virtual-dtor
  -Woverloaded-virtual
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>  # checks the annotations of src/base/mutex.h
)
if(SOJOURN_WARNINGS_AS_ERRORS)
  target_compile_options(sojourn_build_flags INTERFACE -Werror)
endif()

if(SOJOURN_SANITIZERS)
  set(sanitizer_flags -fsanitize=${SOJOURN_SANITIZERS})
  if(SOJOURN_SANITIZERS MATCHES undefined)
    list(APPEND sanitizer_flags -fno-sanitize-recover=undefined)
  endif()
  # Asio's handlers run between fences, which g++ cannot show to ThreadSanitizer. Nothing of ours
  # relies on them: what crosses threads does so through Asio's queues, and their locks it sees.
  if(SOJOURN_SANITIZERS MATCHES thread AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    list(APPEND sanitizer_flags -Wno-tsan)
  endif()
  target_compile_options(sojourn_build_flags INTERFACE ${sanitizer_flags} -fno-omit-frame-pointer)
  target_link_options(sojourn_build_flags INTERFACE ${sanitizer_flags})
endif()

# The fuzzer needs to see which branches the library's code takes; only the fuzz targets themselves
# link its main function.
if(SOJOURN_FUZZ)
  target_compile_options(sojourn_build_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# Asio decides by the order of includes whether it allocates by aligned_alloc(), and frees in another
# file what was allocated in the first: one answer everywhere.
target_compile_definitions(sojourn_build_flags INTERFACE ASIO_DISABLE_STD_ALIGNED_ALLOC)
