"""Draw every part of the design language with invented data, to look at and to check.

design_page.py --out DIR      write the pages as HTML
design_page.py --shots DIR    photograph them in Chromium, light and dark, wide and narrow, with axe on each
"""

import argparse
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
STATIC = ROOT / "crm" / "web" / "static"
sys.path.insert(0, str(ROOT))

from crm.kernel.readable import as_read  # noqa: E402 - started as a file, the root is not on the path yet
from scripts.design.samples import frame_context  # noqa: E402 - likewise

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route

BASE = "http://design.test"
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PUBLIC_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
STAFF_POLICY = f"{PUBLIC_POLICY}; script-src 'self'; font-src 'self'; connect-src 'self'"
PUBLIC_PAGES = {"stop", "error-public"}
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2"}


Scheme = Literal["light", "dark"]
Sight = tuple[str, Scheme, int]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


def environment() -> Environment:
    loader = FileSystemLoader([ROOT / "templates", HERE / "design"])
    made = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters["as_read"] = as_read
    made.globals["asset"] = lambda path: f"/static/{path}"
    return made


def pages() -> dict[str, str]:
    made = environment()
    names = sorted(path.stem for path in (HERE / "design").glob("*.html"))
    return {name: made.get_template(f"{name}.html").render(frame_context()) for name in names}


def serve(route: "Route", drawn: dict[str, str]) -> None:
    path = route.request.url.removeprefix(BASE).partition("?")[0]
    if path.startswith("/static/"):
        file = STATIC / path.removeprefix("/static/")
        route.fulfill(body=file.read_bytes(), content_type=KINDS.get(file.suffix, "text/plain"))
        return
    name = path.strip("/")
    if name not in drawn:
        route.fulfill(status=204)
        return
    policy = PUBLIC_POLICY if name in PUBLIC_PAGES else STAFF_POLICY
    route.fulfill(
        body=drawn[name], content_type="text/html; charset=utf-8", headers={"Content-Security-Policy": policy}
    )


def sights(names: list[str]) -> Iterator[Sight]:
    for name in names:
        for scheme in SCHEMES:
            for width in (1440, 390):
                yield name, scheme, width


def axe() -> str:
    """The checker's own script; our policy lets no page load it, so it is evaluated."""
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def look(browser: "Browser", drawn: dict[str, str], sight: Sight, folder: Path) -> list[str]:
    """One page in one theme and width; what is wrong with it, in words."""
    name, scheme, width = sight
    phone = width < 500
    context = browser.new_context(
        viewport={"width": width, "height": 844 if phone else 900},
        color_scheme=scheme,
        device_scale_factor=2 if phone else 1,
        has_touch=phone,
        is_mobile=phone,
    )
    page = context.new_page()
    found: list[str] = []
    page.on(
        "console",
        lambda message: (
            found.append(f"console: {message.text}") if message.type in ("error", "warning") else None
        ),
    )
    page.on("pageerror", lambda error: found.append(f"script: {error}"))
    page.route("**/*", lambda route: serve(route, drawn))
    page.goto(f"{BASE}/{name}")
    page.wait_for_timeout(350)
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append("scrolls sideways")
    page.screenshot(path=folder / f"{name}-{scheme}-{width}.png", full_page=phone or name == "parts")
    page.evaluate(axe())
    for fault in page.evaluate("axe.run().then(result => result.violations)"):
        nodes = "; ".join(node["html"][:140] for node in fault["nodes"][:3])
        found.append(f"axe {fault['impact']}: {fault['id']}: {nodes}")
    context.close()
    return found


def photograph(folder: Path, only: list[str]) -> int:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only needed where Chromium is

    folder.mkdir(parents=True, exist_ok=True)
    drawn = pages()
    wrong = 0
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for sight in sights(only or list(drawn)):
            found = look(browser, drawn, sight, folder)
            wrong += len(found)
            print(*sight, "ok" if not found else "")
            print("".join(f"    {one}\n" for one in found), end="")
        browser.close()
    return 1 if wrong else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--shots", type=Path)
    parser.add_argument("only", nargs="*", help="pages; all when none is named")
    asked = parser.parse_args()
    if asked.out:
        asked.out.mkdir(parents=True, exist_ok=True)
        for name, html in pages().items():
            (asked.out / f"{name}.html").write_text(html, encoding="utf-8")
    return photograph(asked.shots, asked.only) if asked.shots else 0


if __name__ == "__main__":
    sys.exit(main())
