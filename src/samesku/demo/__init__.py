"""A small marketplace of invented products, with photos and the truth about them.

``research/draw_demo.py`` of the repository drew it.
"""

from pathlib import Path

__all__ = ["MARKETPLACE"]

MARKETPLACE = Path(__file__).parent / "marketplace"
