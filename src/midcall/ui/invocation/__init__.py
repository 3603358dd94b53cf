"""The page of one invocation, in parts: what went in and came out, its timings, replays."""
