"""Words that tell one variant of a product from another, in English and Indonesian."""

from __future__ import annotations

_COLOURS = {
    "black": "hitam blek", "white": "putih", "red": "merah", "blue": "biru navy dongker",
    "green": "hijau ijo", "yellow": "kuning", "pink": "peach fuchsia", "purple": "ungu lilac",
    "grey": "gray abu abu-abu", "brown": "coklat cokelat mocca mocha", "orange": "oranye oren",
    "gold": "emas", "silver": "perak", "maroon": "marun", "beige": "krem khaki", "tosca": "toska",
}  # fmt: skip
# Spelling -> the colour.
COLOURS = {word: colour for colour, words in _COLOURS.items() for word in (colour, *words.split())}
# One word per variant, its other spellings after a slash.
_VARIANTS = {
    "taste or scent": "vanilla/vanila strawberry/stroberi chocolate/choco lemon lime orange/jeruk "
    "apple/apel mango/mangga melon grape/anggur durian cheese/keju honey/madu matcha aloe mint "
    "jasmine/melati rose/mawar sakura lavender coconut/kelapa banana/pisang cherry blueberry "
    "raspberry tiramisu caramel taro charcoal turmeric/kunyit olive/zaitun cucumber/timun",
    "for whom": "men/pria/cowok/man/boy women/wanita/cewek/woman/girl kids/anak adult/dewasa "
    "baby/bayi/newborn",
    "edition": "pro max lite prime jumbo junior small/kecil/mini large/besar medium/sedang",
    "skin or hair": "oily dry acne sensitive day/siang night/malam",
    "what it is": "toner serum cream/krim foam lotion/losion cleanser mask/masker spray gel oil "
    "powder/bedak soap/sabun shampoo/sampo lipstick/lipstik",
    "packed": "refill box/dus sachet/saset pouch bundle cartridge regular/reguler",
    "shade": "nude natural ivory light dark medium warm coral plum burgundy wine mauve taupe "
    "chestnut matte glossy",
}
# Spelling -> what kind of variant it names, and the variant.
VARIANTS = {
    word: (kind, words.split("/")[0])
    for kind, listed in reversed(_VARIANTS.items())
    for words in listed.split()
    for word in words.split("/")
}
# What eggs have is no colour of a product.
EGGS = frozenset(("telur", "telor", "egg"))
EGG_COLOURS = frozenset(("white", "yellow"))
