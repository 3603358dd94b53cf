"""The self-probe of a pool at its start: does every limit hold on this very host?"""

from midcall.sandbox.limits import Limits
from midcall.sandbox.pool import Pool


def probe(pool: Pool, limits: Limits) -> None:
    """Run the probe in a real sandbox; raises PoolUnfit."""
