# sojourn_compile_protos(<target> <import directory> <proto>...)
#
# Makes an object library of Protobuf and gRPC code. The paths are relative to the import directory,
# and the headers are included by the same paths: sojourn/v1/peer.proto becomes
# <sojourn/v1/peer.pb.h> and <sojourn/v1/peer.grpc.pb.h>.
#
# CMake 3.25 has protobuf_generate(), but it cannot compile files that lie outside the current
# directory.
function(sojourn_compile_protos target import_directory)
  set(generated_directory ${PROJECT_BINARY_DIR}/generated)
  file(MAKE_DIRECTORY ${generated_directory})

  # A cross build cannot run the target's compilers: take those of the machine it runs on.
  if(CMAKE_CROSSCOMPILING)
    find_program(SOJOURN_PROTOC protoc REQUIRED)
    find_program(SOJOURN_GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)
    set(protoc ${SOJOURN_PROTOC})
    set(grpc_cpp_plugin ${SOJOURN_GRPC_CPP_PLUGIN})
  else()
    set(protoc $<TARGET_FILE:protobuf::protoc>)
    set(grpc_cpp_plugin $<TARGET_FILE:gRPC::grpc_cpp_plugin>)
  endif()

  add_library(${target} OBJECT)
  foreach(proto IN LISTS ARGN)
    string(REGEX REPLACE "\\.proto$" "" stem ${proto})
    set(outputs ${stem}.pb.cc ${stem}.pb.h ${stem}.grpc.pb.cc ${stem}.grpc.pb.h)
    list(TRANSFORM outputs PREPEND ${generated_directory}/)
    add_custom_command(
      OUTPUT ${outputs}
      COMMAND
        ${protoc} --proto_path=${import_directory} --cpp_out=${generated_directory}
        --grpc_out=${generated_directory} --plugin=protoc-gen-grpc=${grpc_cpp_plugin} ${proto}
      DEPENDS ${import_directory}/${proto}
      COMMENT "Generating code from ${proto}"
      VERBATIM
    )
    target_sources(${target} PRIVATE ${outputs})
  endforeach()

  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} SYSTEM PUBLIC ${generated_directory})
  target_link_libraries(${target} PUBLIC gRPC::grpc++ protobuf::libprotobuf)
  set_target_properties(${target} PROPERTIES CXX_CLANG_TIDY "")
endfunction()
