"""Colours may be read by everybody, are written in one place, and the browser keeps nothing but the theme."""

import re
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "crm" / "web" / "static"
STYLES = sorted((STATIC / "css").glob("*.css"))
SCRIPTS = sorted((STATIC / "js").glob("*.js"))

TEXT, MARK = 4.5, 3.0
"""WCAG 2.2: 1.4.3 for text, 1.4.11 for edges of controls and marks."""

Colours = dict[str, tuple[str, str]]
Pair = tuple[str, str, float]

GROUNDS = ("canvas", "surface", "sunken", "raised", "hover", "current", "selected")
MEANINGS = ("yes", "wait", "no", "hot", "plum", "info")
STAFF_PAIRS: list[Pair] = [
    *((ink, ground, TEXT) for ink, ground in product(("ink", "ink-2"), GROUNDS)),
    *(("ink-3", ground, TEXT) for ground in ("canvas", "surface", "sunken", "raised", "hover", "mute-soft")),
    *(("accent", ground, TEXT) for ground in ("canvas", "surface", "sunken", "raised", "accent-soft")),
    *((meaning, ground, TEXT) for meaning, ground in product(MEANINGS, ("surface", "sunken", "raised"))),
    *((meaning, f"{meaning}-soft", TEXT) for meaning in MEANINGS),
    *(("ink", f"{meaning}-soft", TEXT) for meaning in MEANINGS),
    *(("ink-2", ground, TEXT) for ground in ("yes-soft", "wait-soft", "no-soft", "mute-soft")),
    *(("on-accent", ground, TEXT) for ground in ("accent-fill", "accent-fill-over")),
    *(("on-fill", ground, TEXT) for ground in ("yes-fill", "wait-fill", "no-fill", "key-on-fill")),
    *((f"tint-{n}-ink", f"tint-{n}", TEXT) for n in range(8)),
    *(("toast-ink", ground, TEXT) for ground in ("toast", "toast-button")),
    ("ink", "marked", TEXT),
    *(("edge", ground, MARK) for ground in ("canvas", "surface", "sunken", "raised")),
    *((f"{meaning}-mark", ground, MARK) for meaning, ground in product(MEANINGS, ("surface", "raised"))),
    *((f"{meaning}-mark", f"{meaning}-soft", MARK) for meaning in ("no", "info", "plum")),
    ("mute-mark", "surface", MARK),
    *(("focus", ground, MARK) for ground in GROUNDS),
]
PUBLIC_PAIRS: list[Pair] = [
    *((ink, ground, TEXT) for ink, ground in product(("ink", "dim", "link"), ("bg", "paper"))),
    *((ink, "soft", TEXT) for ink in ("ink", "dim")),
    *(("go-ink", ground, TEXT) for ground in ("go", "go-over")),
    *(("bad", ground, TEXT) for ground in ("bg", "paper", "bad-soft")),
    *(("edge", ground, MARK) for ground in ("bg", "paper")),
    *(("focus", ground, MARK) for ground in ("bg", "paper", "soft")),
    ("go-ink", "good", MARK),
]


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def staff_colours() -> Colours:
    style = (STATIC / "css" / "tokens.css").read_text(encoding="utf-8")
    written = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", style)
    return {name: (day, night) for name, day, night in written}


def public_colours() -> Colours:
    style = (STATIC / "css" / "public.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{[^}]*\}", style)
    by_day, by_night = (
        {m[1]: m[2] for m in re.finditer(r"--([\w-]+): (#[0-9a-f]{6})", block)} for block in blocks
    )
    return {name: (colour, by_night.get(name, colour)) for name, colour in by_day.items()}


def too_faint(colours: Colours, pairs: list[Pair]) -> list[str]:
    return [
        f"{ink} on {ground}: {ratio:.2f}"
        for ink, ground, least in pairs
        for ratio in (contrast(one, other) for one, other in zip(colours[ink], colours[ground], strict=True))
        if ratio < least
    ]


def test_contrast_is_computed_as_the_standard_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_staff_can_read_every_pair_of_colours_that_may_meet_in_light_and_dark() -> None:
    assert too_faint(staff_colours(), STAFF_PAIRS) == []


def test_people_outside_can_read_every_pair_of_colours_in_light_and_dark() -> None:
    assert too_faint(public_colours(), PUBLIC_PAIRS) == []


def test_colours_of_staff_pages_are_written_in_one_file_only() -> None:
    named = r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(|light-dark\("
    strays = [
        f"{style.name}: {found}"
        for style in STYLES
        if style.name not in {"tokens.css", "public.css"}
        for found in re.findall(named, style.read_text(encoding="utf-8"))
    ]
    assert strays == []


def test_every_token_that_is_used_is_defined() -> None:
    staff = "".join(style.read_text(encoding="utf-8") for style in STYLES if style.name != "public.css")
    public = (STATIC / "css" / "public.css").read_text(encoding="utf-8")
    for style in (staff, public):
        assert set(re.findall(r"var\(--([\w-]+)", style)) <= set(re.findall(r"--([\w-]+):", style))


def test_the_page_of_people_outside_uses_nothing_that_an_old_phone_cannot_read() -> None:
    public = (STATIC / "css" / "public.css").read_text(encoding="utf-8")
    assert not re.search(r"@layer|light-dark\(|&|@import|url\(", public)


def test_styles_and_scripts_fetch_nothing_from_elsewhere() -> None:
    for file in (*STYLES, *SCRIPTS):
        assert not re.search(r"https?:|url\(\s*[\"']?//|@import", file.read_text(encoding="utf-8")), file.name


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_scripts_never_make_markup_or_code_from_text(script: Path) -> None:
    doors = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setTimeout\(\s*[\"']"
    )
    assert not re.search(doors, script.read_text(encoding="utf-8"))


def test_the_theme_is_the_one_thing_kept_in_the_browser() -> None:
    kept = [
        found
        for script in SCRIPTS
        for found in re.findall(
            r"(?:local|session)Storage[^;]*|document\.cookie|indexedDB|caches\.",
            script.read_text(encoding="utf-8"),
        )
    ]
    assert kept
    assert all(re.match(r"localStorage\.(?:get|set|remove)Item\(\"theme\"", one) for one in kept), kept


def test_htmx_is_told_to_keep_no_pages_and_to_swap_no_errors() -> None:
    layout = (ROOT / "templates" / "layouts" / "staff.html").read_text(encoding="utf-8")
    assert '"history": "reload"' in layout
    assert '"noSwap": [204, 304, "4xx", "5xx"]' in layout
