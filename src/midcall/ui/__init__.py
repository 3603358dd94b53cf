"""The web UI at /ui: NiceGUI pages over the use cases that the API calls, with no logic of their own.

How a page is written:

1. One module in `pages/` with `async def build(context: PageContext, …) -> None` and `PAGES = (Page(path, title, build,
   needs),)`; add it to `pages/__init__.py`. Parameters of the path (`/functions/{name}`) come as text. `needs`: the
   scopes of which one is enough to see it; the navigation is `frame.NAVIGATION`.
2. Begin with `with page_header(title, about=…, back=…):`, its actions inside; then parts from `parts/`.
3. Call use cases through the page's context alone, naming the scope that the API's route asks for (use cases do not
   check it): `found = await context.call(Scope.READ, lambda caller: context.services.agents.get(caller, name))` while
   the page is built: a MidcallError becomes the page's text; and in handlers `done = await context.run(Scope.WRITE,
   lambda caller: …, busy=button, errors=banner, said="Saved")`, which is None if it failed (the banner or a message
   says why), else `done.value`. `context.run_async` takes use cases that wait (`services.waiting.run`, with
   `context.in_thread`). The key is looked up again at each call; a revoked one signs out.
4. Never block the event loop: no service call, file or sleep outside of `context.call/run`. What takes long is loaded
   once the page is open (`PagedTable.open`, or `background_tasks.create`). Timers pass `passive=True`, so that an
   open page does not keep a session alive.
5. Texts from outside go into labels, cells and `code_view`, never into markup; `ui.markdown` of a stranger's text
   neither. `.props`, `.classes`, `.style` and scripts are literals (`make check` refuses others): values go through
   `named`, `attributed` and `sized` of `parts/attributes.py` and through `parts/scripts.py`; what a browser would
   evaluate all the same, `edge.py` leaves out. Links inside: `ui.link(text, "/functions/x")` and
   `context.go("/functions/x")` (NiceGUI adds the prefix), in table cells `context.href("/functions/x")`.
6. Offer only what `context.may(Scope.WRITE)` allows. Ask with `confirmed(…)` before destroying. Say in `EmptyState`
   what an empty list is, and what to do next. Who may do what, what runs and which secrets there are is confirmed in a
   window that no script reaches: `if not await confirmed_on_page(context, Confirmation(…)): return`, on values that
   were read before.
7. No Tailwind classes: Quasar's own, and those of `static/midcall.css` (`mc-…`; its colours are variables for both
   themes). Icons that stand alone need `aria-label`. Bind only to elements' own properties: plain attributes are not
   watched.
8. Test in `tests/browser/` with the fixture `tab`; add the page to `tests/browser/shots.py` and look at it: `make
   shots`.
"""
