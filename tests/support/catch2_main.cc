// The main function of Catch2 2, where the package brings none.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
