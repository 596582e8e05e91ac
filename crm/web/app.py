"""The Flask app: pages, guard, headers. The pixel stands in front of it (`crm.web.pixel`)."""

from flask import Flask, Response
from jinja2 import StrictUndefined
from werkzeug.routing import IntegerConverter, Map

from crm.kernel.readable import as_read
from crm.services import Services
from crm.web import errors, frame, guard, headers
from crm.web.assets import STATIC
from crm.web.database import db
from crm.web.pages import BLUEPRINTS
from crm.web.public import languages


class Id(IntegerConverter):
    """A number in an address: what an integer column takes. A larger one is nobody's."""

    regex = r"\d{1,10}"

    def __init__(self, rules: Map) -> None:
        super().__init__(rules, max=2**31 - 1)


LARGEST_FORM = 2 * 1024 * 1024  # bytes; the import page and the hooks set their own


def create_app(services: Services) -> Flask:
    """Build the app over services that the roof made.

    Raises:
        RuntimeError: a page does not say who may call it.
    """
    app = Flask("crm", static_folder=str(STATIC), static_url_path="/static", template_folder="../templates")
    app.extensions["crm"] = services
    app.config.update(
        SECRET_KEY=None,  # Flask's own session stays unused: sessions are rows (SD2)
        SQLALCHEMY_DATABASE_URI=services.settings.database_url,
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,
    )
    app.url_map.converters["int"] = Id
    app.url_map.strict_slashes = False  # a redirect would break one-click (RFC 8058)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.filters["as_read"] = as_read
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    db.init_app(app)
    languages.install(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    errors.register(app)
    frame.register(app)
    app.before_request(guard.admit)
    https = not services.settings.is_loopback

    @app.after_request
    def protect(response: Response) -> Response:
        return headers.protect(response, https=https)

    guard.check_routes(app)
    return app
