"""The entrance for other vendors' formats: their calls in, our use cases, their answers out."""
