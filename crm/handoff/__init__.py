"""Leads on their way to the image service, sign-up codes, what the service reported back."""
