"""A marketplace drawn by the project itself: invented products, sellers, titles and photos."""

from research.marketplace.marketplace import draw_marketplace

__all__ = ["draw_marketplace"]
