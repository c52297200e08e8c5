"""Writes HTML and SVG as strings: escaped, and well-formed as XML too."""

from __future__ import annotations

from html import escape


def tag(name: str, /, *content: str, **attributes: object) -> str:
    """Write an element.

    name: the name of the element.
    content: markup inside it, in order.
    attributes: values by name; `class_` stands for class, `stroke_width` for stroke-width. Floats keep two decimals.
    """
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"' for key, value in attributes.items())
    return f"<{name}{written}>{''.join(content)}</{name}>" if content else f"<{name}{written}/>"


def text(value: object) -> str:
    """Escape plain text as markup; characters that cannot be printed become spaces."""
    return escape("".join(char if char.isprintable() else " " for char in str(value)))


def _value(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else text(value)
