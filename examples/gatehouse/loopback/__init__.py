"""Gatehouses, a load balancer and a browser on loopback, for the demo and the tests."""
