"""What a WSGI server is pointed at: `granian --interface wsgi wsgi:application`."""

from crm.bootstrap.web import make_application

application = make_application()
