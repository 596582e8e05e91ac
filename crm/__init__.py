"""Produfoto Outreach: sales outreach whose published privacy policy is executable."""
