"""The door: claim an account, log in, log out; in the demo, walk in as one of the staff."""

from datetime import timedelta

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import EmailField, Form, PasswordField, StringField
from wtforms.validators import InputRequired, Length, ValidationError

from crm.kernel.addresses import EmailAddress
from crm.kernel.errors import InvalidAddressError
from crm.kernel.text import one_line
from crm.operations import limits
from crm.staff import accounts, passwords, sessions
from crm.staff.roles import Act
from crm.web.access import Open, allows
from crm.web.context import client_digest, reading, real_now, services
from crm.web.guard import cookie_name, safe_next
from crm.workflows.house.log_in import claim_account, log_in, log_out, walk_in

bp = Blueprint("door", __name__)

_WINDOW = timedelta(minutes=15)
_PER_ACCOUNT, _PER_NETWORK = 10, 50


class LoginForm(Form):
    """Who are you?"""

    email = EmailField("Email", [InputRequired("Type your email address."), Length(max=254)])
    password = PasswordField("Password", [InputRequired("Type your password."), Length(max=256)])


class ClaimForm(Form):
    """A new account."""

    name = StringField(
        "Your name", [InputRequired("Type your name, as colleagues know you."), Length(max=120)]
    )
    email = EmailField("Email", [InputRequired("Type your email address."), Length(max=254)])
    password = PasswordField("Password", [InputRequired("Choose a password."), Length(max=256)])

    def validate_email(self, field: EmailField) -> None:
        """One usable mailbox."""
        try:
            EmailAddress.parse(field.data or "")
        except InvalidAddressError as error:
            raise ValidationError(str(error)) from error

    def validate_password(self, field: PasswordField) -> None:
        """Long enough and not among the first guesses."""
        if words := passwords.fault(field.data or ""):
            raise ValidationError(words)


@bp.get("/login")
@allows(Open.DOOR)
def login() -> ResponseReturnValue:
    """Ask who it is."""
    return _login_page(LoginForm(), request.args.get("next"))


@bp.post("/login")
@allows(Open.DOOR)
def enter() -> ResponseReturnValue:
    """Let somebody in, or say the same thing whatever was wrong."""
    form = LoginForm(request.form)
    target = request.form.get("next")
    if not form.validate():
        return _login_page(form, target), 422
    email = (form.email.data or "").strip().lower()
    if not _may_try(email):
        abort(429)
    person = accounts.by_email(reading(), email)
    known = person is not None and person.disabled_at is None
    if not passwords.matches(form.password.data or "", person.password_hash if person and known else None):
        form.form_errors.append("That email and password do not belong together.")
        return _login_page(form, target), 422
    with services().database.transaction() as session:
        value = log_in(session, email, password=form.password.data or "", at=real_now())
    return _with_cookie(redirect(safe_next(target), 303), value)


@bp.post("/logout")
@allows(Act.SEE)
def logout() -> ResponseReturnValue:
    """End this browser's session, here and in the table."""
    with services().database.transaction() as session:
        log_out(session, request.cookies.get(cookie_name(), ""), at=real_now())
    answer = make_response(redirect(url_for("door.login"), 303))
    answer.delete_cookie(cookie_name(), path="/", secure=not services().settings.is_loopback, httponly=True)
    return answer


@bp.get("/claim/<code>")
@allows(Open.DOOR)
def claim(code: str) -> ResponseReturnValue:
    """Ask for a name and a password; the link is used up by the answer, not by looking."""
    accounts.open_invitation(reading(), code, at=real_now())
    return render_template("door/claim.html", form=ClaimForm(), code=code)


@bp.post("/claim/<code>")
@allows(Open.DOOR)
def take(code: str) -> ResponseReturnValue:
    """Make the account and log in."""
    form = ClaimForm(request.form)
    accounts.open_invitation(reading(), code, at=real_now())
    if form.validate() and accounts.by_email(reading(), form.email.data or "") is not None:
        form.email.errors = ["There is an account with this address already. Log in instead."]
    if form.errors:
        return render_template("door/claim.html", form=form, code=code), 422
    password_hash = passwords.hashed(form.password.data or "")
    with services().database.transaction() as session:
        value = claim_account(
            session,
            code,
            name=one_line(form.name.data or ""),
            email=str(EmailAddress.parse(form.email.data or "")),
            password_hash=password_hash,
            at=real_now(),
        )
    return _with_cookie(redirect("/", 303), value)


@bp.post("/demo/enter/<int:staff_id>")
@allows(Open.DOOR)
def demo(staff_id: int) -> ResponseReturnValue:
    """In the demo, and nowhere else: be one of the invented staff."""
    if not services().settings.demo:
        abort(404)
    with services().database.transaction() as session:
        value = walk_in(session, staff_id, at=real_now())
    return _with_cookie(redirect(safe_next(request.form.get("next")), 303), value)


def _login_page(form: LoginForm, target: str | None) -> str:
    demo_staff = accounts.everybody(reading()) if services().settings.demo else []
    unclaimed = not demo_staff and accounts.count(reading()) == 0
    return render_template(
        "door/login.html", form=form, next=safe_next(target), demo_staff=demo_staff, unclaimed=unclaimed
    )


def _may_try(email: str) -> bool:
    """Ten tries an account and fifty a network in a quarter of an hour, whatever the headers (I35)."""
    name = sessions.name_of(email, services().settings.keys.secret_key)
    with services().database.transaction() as session:
        account = limits.allow(session, f"login:{name}", limit=_PER_ACCOUNT, window=_WINDOW, at=real_now())
        network = limits.allow(
            session, f"login-net:{client_digest()}", limit=_PER_NETWORK, window=_WINDOW, at=real_now()
        )
    return account and network


def _with_cookie(answer: object, value: str) -> Response:
    response = make_response(answer)
    response.set_cookie(
        cookie_name(),
        value,
        max_age=int(sessions.ABSOLUTE.total_seconds()),
        secure=not services().settings.is_loopback,
        httponly=True,
        samesite="Lax",
        path="/",
    )
    return response
