"""What the demo submits."""

PARAMETERS = [
    {"name": "quantity", "type": "integer", "description": "How many pieces", "required": True, "example": 3},
    {"name": "unit_price", "type": "number", "description": "Price of one piece", "required": True, "example": 19.9},
]

#: Reads a file, which no sandboxed code may, and misspells a name.
FAULTY = """\
import os


def handler(session):
    rate = open("/etc/tax-rate").read()
    price = session["params"]["unit_price"] * quantity
    return {"result": price * float(rate)}
"""

MENDED = """\
from decimal import ROUND_HALF_UP, Decimal

TAX_RATE = Decimal("0.19")
CENT = Decimal("0.01")


def handler(session):
    params = session["params"]
    if params["unit_price"] <= 0:
        raise ValueError("a price must be above zero")
    net = Decimal(str(params["unit_price"])) * params["quantity"]
    total = (net * (1 + TAX_RATE)).quantize(CENT, ROUND_HALF_UP)
    print("quoted", total, "for", params["quantity"], "pieces")
    return {
        "result": {"total": str(total), "currency": "EUR"},
        "dynamicVariables": {"quoted_total": str(total)},
    }
"""
