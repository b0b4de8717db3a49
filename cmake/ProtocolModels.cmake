# The models of the protocol in docs/protocol, checked by Spin if it is there. Nothing depends on
# these targets:
#
#   protocol-models             the protocol keeps its promises, for small parameters
#   protocol-models-mutations   with any one rule left out it does not
find_program(SOJOURN_SPIN spin)
find_program(SOJOURN_C_COMPILER NAMES cc gcc clang)
find_package(Python3 QUIET COMPONENTS Interpreter)
mark_as_advanced(SOJOURN_SPIN SOJOURN_C_COMPILER)

if(SOJOURN_SPIN AND SOJOURN_C_COMPILER AND Python3_Interpreter_FOUND)
  foreach(what IN ITEMS rules mutations)
    set(target protocol-models)
    if(NOT what STREQUAL "rules")
      string(APPEND target -${what})
    endif()
    add_custom_target(
      ${target}
      COMMAND
        ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/../docs/protocol/check_models.py ${what}
        --spin=${SOJOURN_SPIN} --compiler=${SOJOURN_C_COMPILER}
      USES_TERMINAL
      VERBATIM
    )
  endforeach()
endif()
