"""Inbound mail as received and as understood."""
