"""Gatehouses, load balancers and browsers on this machine's loopback, for the demo and the tests."""
