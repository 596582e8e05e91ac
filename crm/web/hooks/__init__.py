"""Where other services call us. Each call is signed; none looks at a cookie."""
