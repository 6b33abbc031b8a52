import polars as pl
import pytest

from samesku import Matcher, read_catalog
from samesku.catalog.answers import UNSURE, Answers
from samesku.judges.consulting import Budget, consult, cost
from tests.judges.test_adapting import answered, offers


class Oracle:
    """Says `same` of equal model codes; misses every third."""

    model = "oracle"
    count = 0

    def judge(self, questions):
        return [self.told(each) for each in questions]

    def told(self, question):
        one, other = (each["title"].split()[2] for each in (question.left, question.right))
        self.count += 1
        return "same" if one == other and self.count % 3 else "different"


@pytest.fixture(scope="module")
def matches():
    return Matcher().match(read_catalog(offers()))


def test_a_budget_is_questions_time_or_money():
    assert Budget.of("1,500") == Budget(1500)
    assert Budget.of("10min").seconds == 600
    assert Budget.of("2.50$", 0.5).tokens == 5e6
    with pytest.raises(ValueError, match="--judge-price"):
        Budget.of("$3")
    for text in ("", "3x", "0", "$3$"):
        with pytest.raises(ValueError, match="a budget is a number"):
            Budget.of(text)


def test_money_buys_as_many_questions_as_their_tokens_cost(matches):
    one = cost(matches, Budget(50), "rules")[0].tokens / 50
    counted = Budget.of("1$", 1e6 / (20.5 * one)).counted(matches, "rules")
    assert counted.questions == 20
    with pytest.raises(ValueError, match="less than one question"):
        Budget.of("1$", 1e7).counted(matches, "rules")


def test_a_judge_is_measured_on_what_people_answered(matches):
    rows = answered(matches, 60).frame
    far = [(f"p{n}-0", f"p{n + 1}-0", "different", "people", 0.0) for n in range(12)]
    rows = pl.concat([rows, pl.DataFrame(far, schema=rows.schema, orient="row")])
    people = Answers.of(rows)
    told = consult(Oracle(), matches, Budget(30), people)
    (hit, missed), (false, refused) = told.measured
    assert hit + missed == people.same.sum()
    assert 0 < missed < hit
    assert false == 0
    assert refused == len(people) - people.same.sum()
    assert set(told.answers.frame["by"]) == {"model:oracle"}


def test_a_judge_is_asked_about_candidates_only(matches):
    told = consult(Oracle(), matches, Budget(10_000)).answers
    left, right = told.rows(matches.catalog)
    place = matches.distinct.place
    ends = [(min(a, b), max(a, b)) for a, b in zip(place[left], place[right], strict=True)]
    low, high = (pl.Series(each).to_numpy() for each in zip(*ends, strict=True))
    assert (matches.candidates.places(low, high) >= 0).all()
    assert UNSURE not in told.verdict
