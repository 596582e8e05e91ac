"""The outside world behind the rooms' ports: mail, DNS, the image service. No rule of ours lives here."""
