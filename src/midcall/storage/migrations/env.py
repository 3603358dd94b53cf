"""Alembic's entrance: runs the migrations on the connection that `midcall.storage.migrate` hands over."""

from typing import Any, Literal

from alembic import context

from midcall.storage.schema import JsonText, metadata


def _render(_kind: str, item: Any, _autogen_context: Any) -> str | Literal[False]:
    # A migration must not change when a type of ours does.
    return "sa.Text()" if isinstance(item, JsonText) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_item=_render,
    # SQLite alters a table by making it anew.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
