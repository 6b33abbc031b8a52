"""Two shops: which offers of the other are the same as ours."""

from samesku.linking.judge import LinkJudge, shipped_judge
from samesku.linking.linker import link
from samesku.linking.links import Links

__all__ = ["LinkJudge", "Links", "link", "shipped_judge"]
