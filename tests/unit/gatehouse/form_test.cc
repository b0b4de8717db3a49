#include "gatehouse/http/form.h"

#include "support/catch.h"

namespace gatehouse {

TEST_CASE("a form's fields are decoded", "[gatehouse][form]") {
  const Form form = Form::parse("a=1&b=x%20y+z&c=%C3%A4&d&=e&a=2&f=g=h");

  CHECK(form.get("a") == "1");
  CHECK(form.get("b") == "x y z");
  CHECK(form.get("c") == "\xc3\xa4");
  CHECK(form.find("d") == "");
  CHECK(form.get("f") == "g=h");
  CHECK_FALSE(form.find("x"));
  CHECK(form.get("x").empty());
}

TEST_CASE("fields with broken encoding are left out", "[gatehouse][form]") {
  const Form form = Form::parse("a=%&b=%4&c=%zz&%=d&e=ok&&&");

  for (const char* name : {"a", "b", "c", "%"}) CHECK_FALSE(form.find(name));
  CHECK(form.get("e") == "ok");
}

TEST_CASE("a form has a bounded number of fields", "[gatehouse][form]") {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "x" + std::to_string(i) + "=1&";

  const Form form = Form::parse(text);

  CHECK(form.find("x63"));
  CHECK_FALSE(form.find("x64"));
}

TEST_CASE("everything that is not harmless is percent-encoded", "[gatehouse][form]") {
  CHECK(percent_encode("az-._~09") == "az-._~09");
  CHECK(percent_encode("a b&c=/?#\xc3\xa4\r\n") == "a%20b%26c%3D%2F%3F%23%C3%A4%0D%0A");
}

}  // namespace gatehouse
