# The bill of materials, SPDX 2.3: this library, and what it was built with, in the versions that were
# found. Written by every configuration, and installed with the development files.
#
# The same build gives the same document: its namespace is made of its content, and SOURCE_DATE_EPOCH
# is obeyed.

set(sbom_packages "")
set(sbom_relationships "")
set(sbom_names "")

# sojourn_add_sbom_package(<name> <version> <licence> <home page>)
function(sojourn_add_sbom_package name version licence home)
  if(NOT version)
    message(WARNING "The bill of materials does not know the version of ${name}")
    set(version NOASSERTION)
    set(locator "pkg:generic/${name}")
  else()
    set(locator "pkg:generic/${name}@${version}")
  endif()
  string(REGEX REPLACE "[^A-Za-z0-9.-]" "-" id "SPDXRef-Package-${name}")
  string(
    CONFIGURE [[
    {
      "SPDXID": "@id@",
      "name": "@name@",
      "versionInfo": "@version@",
      "supplier": "NOASSERTION",
      "downloadLocation": "@home@",
      "filesAnalyzed": false,
      "licenseConcluded": "NOASSERTION",
      "licenseDeclared": "@licence@",
      "copyrightText": "NOASSERTION",
      "externalRefs": [
        {
          "referenceCategory": "PACKAGE-MANAGER",
          "referenceType": "purl",
          "referenceLocator": "@locator@"
        }
      ]
    }]]
    package @ONLY
  )
  string(
    CONFIGURE [[
    {
      "spdxElementId": "SPDXRef-Package-sojourn",
      "relationshipType": "DEPENDS_ON",
      "relatedSpdxElement": "@id@"
    }]]
    relationship @ONLY
  )
  set(sbom_packages "${sbom_packages},\n${package}" PARENT_SCOPE)
  set(sbom_relationships "${sbom_relationships},\n${relationship}" PARENT_SCOPE)
  set(sbom_names "${sbom_names} ${name}@${version}" PARENT_SCOPE)
endfunction()

sojourn_add_sbom_package(abseil-cpp "${absl_VERSION}" Apache-2.0 https://github.com/abseil/abseil-cpp)
sojourn_add_sbom_package(asio "${asio_VERSION}" BSL-1.0 https://github.com/chriskohlhoff/asio)
sojourn_add_sbom_package(c-ares "${c-ares_VERSION}" MIT https://github.com/c-ares/c-ares)
sojourn_add_sbom_package(grpc "${gRPC_VERSION}" Apache-2.0 https://github.com/grpc/grpc)
sojourn_add_sbom_package(openssl "${OPENSSL_VERSION}" Apache-2.0 https://github.com/openssl/openssl)
sojourn_add_sbom_package(
  protobuf "${Protobuf_VERSION}" BSD-3-Clause https://github.com/protocolbuffers/protobuf
)
sojourn_add_sbom_package(xxhash "${xxHash_VERSION}" BSD-2-Clause https://github.com/Cyan4973/xxHash)

string(TIMESTAMP sbom_created "%Y-%m-%dT%H:%M:%SZ" UTC)
string(
  UUID sbom_uuid
  NAMESPACE 6ba7b811-9dad-11d1-80b4-00c04fd430c8  # RFC 4122's, of URLs
  NAME "sojourn@${PROJECT_VERSION}${sbom_names} ${CMAKE_CXX_COMPILER_ID} ${sbom_created}"
  TYPE SHA1
)
configure_file(
  ${PROJECT_SOURCE_DIR}/cmake/sojourn.spdx.json.in ${PROJECT_BINARY_DIR}/sojourn.spdx.json @ONLY
)
install(
  FILES ${PROJECT_BINARY_DIR}/sojourn.spdx.json
  DESTINATION ${CMAKE_INSTALL_DATADIR}/sojourn
  COMPONENT development
)
