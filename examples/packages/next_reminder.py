"""Reads a phone number as people write it, and says on which working day to call again, a month after the last time."""

import phonenumbers
from dateutil.parser import isoparse
from dateutil.relativedelta import relativedelta
from dateutil.rrule import DAILY, FR, MO, TH, TU, WE, rrule


def handler(session):
    params = session["params"]
    try:
        number = phonenumbers.parse(params["phone"], params.get("region", "DE"))
    except phonenumbers.NumberParseException:
        return {"result": {"valid": False}}
    month_later = isoparse(params["last_contact"]) + relativedelta(months=+1)
    (due,) = rrule(DAILY, count=1, dtstart=month_later, byweekday=(MO, TU, WE, TH, FR))
    return {
        "result": {
            "valid": phonenumbers.is_valid_number(number),
            "number": phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164),
            "region": phonenumbers.region_code_for_number(number),
            "due": due.date().isoformat(),
        }
    }
