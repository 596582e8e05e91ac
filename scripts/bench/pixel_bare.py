"""The reference of `bench pixel`: a Flask route that answers the same bytes and keeps nothing."""

from flask import Flask, Response

from crm.web.pixel import GIF

app = Flask(__name__)


@app.get("/o/<token>.gif")
def pixel(token: str) -> Response:  # noqa: ARG001 - the route has one, as ours
    """The dot."""
    return Response(GIF, 200, {"Cache-Control": "no-store"}, mimetype="image/gif")
