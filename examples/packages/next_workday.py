"""Says on which working day to call again at the earliest: no weekend, no public holiday where the customer lives."""

from datetime import date, timedelta

from holidays import country_holidays

SATURDAY = 5


def handler(session):
    params = session["params"]
    closed = country_holidays(params.get("country", "DE"), subdiv=params.get("state"), language="en_US")
    due = date.fromisoformat(params["not_before"])
    passed = []
    while due in closed or due.weekday() >= SATURDAY:
        if due in closed:
            passed.append(closed.get(due))
        due += timedelta(days=1)
    return {"result": {"due": due.isoformat(), "holidays": passed}}
