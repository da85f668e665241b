"""Draft it; the user is asked by the client and says no; say so and leave it."""

from evals.session import Call


async def play(call: Call) -> str:
    text = "Thursday's release moves to Monday because of the campaign banner."
    answer = await call("notify_slack", channel="#proj-storefront", text=text)
    if answer["status"] == "declined":
        return f'Nothing was sent to #proj-storefront: you declined the message "{answer["text"]}"'
    return f"The message to #proj-storefront is {answer['status']}."
