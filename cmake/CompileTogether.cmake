# How ./check, which builds everything, takes half the time: with SOJOURN_UNITY_BUILD.

# sojourn_compile_together(<target> [<directory>...])
# Compiles the target's sources a directory at a time: those of these directories, or all. What stands
# in one directory then shares its unnamed namespaces.
function(sojourn_compile_together target)
  if(NOT SOJOURN_UNITY_BUILD)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  get_target_property(sources ${target} SOURCES)
  foreach(source IN LISTS sources)
    cmake_path(GET source PARENT_PATH directory)
    # But for what is generated.
    if(NOT IS_ABSOLUTE "${source}" AND (NOT ARGN OR directory IN_LIST ARGN))
      set_property(SOURCE ${source} PROPERTY UNITY_GROUP "of_${directory}")
    endif()
  endforeach()
  # g++ takes such namespaces for those of a header.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endfunction()

# Reads these headers once for all sources of the target: what most of them include, and what takes
# longer to read than most of them.
function(sojourn_precompile target)
  if(SOJOURN_UNITY_BUILD)
    target_precompile_headers(${target} PRIVATE ${ARGN})
  endif()
endfunction()
