#include <sojourn/session_id.h>

int main() { return sojourn::SessionId::parse("an-id").ok() ? 0 : 1; }
