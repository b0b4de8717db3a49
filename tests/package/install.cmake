# Installs BUILD_DIRECTORY into an empty PREFIX, and sees to it that nothing there depends on the
# source or build tree.

file(REMOVE_RECURSE ${PREFIX})
execute_process(
  COMMAND ${CMAKE_COMMAND} --install ${BUILD_DIRECTORY} --prefix ${PREFIX}
  COMMAND_ERROR_IS_FATAL ANY
)

file(GLOB_RECURSE texts ${PREFIX}/*.cmake ${PREFIX}/*.pc ${PREFIX}/*.h)
foreach(text IN LISTS texts)
  file(READ ${text} content)
  string(REPLACE "${PREFIX}" "" content "${content}")
  foreach(directory ${BUILD_DIRECTORY} ${SOURCE_DIRECTORY})
    string(FIND "${content}" "${directory}" position)
    if(NOT position EQUAL -1)
      message(SEND_ERROR "${text} names ${directory}")
    endif()
  endforeach()
endforeach()
