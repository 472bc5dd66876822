"""A buyer who sends something back hears how it goes on."""

from functools import partial

import pytest
from tests.commerce.returns import returning

from rustok.commerce.returns import deciding, requesting
from rustok.commerce.returns.requesting import Piece


@pytest.mark.parametrize(
    ("decide", "said"),
    [
        (deciding.approve, "Please send the things to us"),
        (partial(deciding.decline, answer="They were worn <b>outside</b>."), "They were worn <b>outside</b>."),
        (deciding.cancel, "You keep the things."),
    ],
)
async def test_a_return_is_heard_and_answered(database, tenant, open_context, told, decide, said):
    sold = await returning.sold(partial(database.open, tenant), [(3, 1000)])
    async with open_context() as context:
        made = await requesting.request(context, sold.order_id, [Piece(line_id=sold.lines[0], quantity=2)])
    async with open_context() as context:
        await decide(context, made.id)

    letters = await told()
    [heard] = letters["return_requested"]
    assert "Please do not send anything before." in heard.text
    assert "2 × Good" in heard.text
    [answered] = letters["return_updated"]
    assert said in answered.text
    assert "<b>" not in answered.html


async def test_what_staff_enter_is_not_confirmed_as_a_request(database, tenant, open_context, told):
    sold = await returning.sold(partial(database.open, tenant), [(1, 1000)])
    async with open_context() as context:
        pieces = [Piece(line_id=sold.lines[0], quantity=1)]
        await requesting.request(context, sold.order_id, pieces, by_staff=True)

    letters = await told()
    assert "return_requested" not in letters
    [answered] = letters["return_updated"]
    assert "is approved" in answered.text
