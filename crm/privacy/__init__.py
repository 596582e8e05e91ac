"""The register of refusals, rights requests, erasure."""
