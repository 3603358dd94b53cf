// The code editor. Its text stays in the browser until it is asked for: nobody who types waits for the server.
const mcEditors = new Map();

async function mcEditor(id) {
  for (let tries = 0; tries < 200 && !getElement(id)?.editorPromise; tries++)
    await new Promise((done) => setTimeout(done, 25));
  const component = getElement(id);
  const view = await component.editorPromise;
  if (!mcEditors.has(id)) {
    mcEditors.set(id, { read: null, timer: 0, writes: 0 });
    view.contentDOM.setAttribute("aria-label", component.$el.getAttribute("aria-label") || "Code");
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const paint = () => {
      const root = document.documentElement.classList;
      const isDark = root.contains("dark") || (dark.matches && !root.contains("light"));
      component.setTheme(isDark ? "vscodeDark" : "vscodeLight");
    };
    paint();
    dark.addEventListener("change", paint);
    new MutationObserver(paint).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
  }
  return { component, view, state: mcEditors.get(id) };
}

// Somebody typed: the server hears of it once they pause, without the text.
function mcEdited(id) {
  const state = mcEditors.get(id);
  mcUnsaved(true);
  if (!state) return;
  clearTimeout(state.timer);
  state.timer = setTimeout(() => getElement(id)?.$emit("edited"), 700);
}

// Scripts may come in another order than they were sent, so a read waits for the writes before it.
async function mcSource(id, writes) {
  const { view, state } = await mcEditor(id);
  while (state.writes < writes) await new Promise((done) => setTimeout(done, 10));
  state.read = view.state.doc;
  return view.state.doc.toString();
}

async function mcWrite(id, text, write) {
  const { component, state } = await mcEditor(id);
  if (write > state.writes) component.setEditorValue(text);
  state.writes = Math.max(state.writes, write);
}

// What a review says of the text that was last read; if somebody typed since, it would stand at the wrong places.
async function mcComments(id, decorations, tooltips) {
  const { component, view, state } = await mcEditor(id);
  if (state.read !== null && state.read !== view.state.doc) return false;
  component.setDecorations(decorations);
  component.setLineTooltips(tooltips);
  return true;
}

async function mcShowLine(id, line, column) {
  const { component, view } = await mcEditor(id);
  if (line < 1 || line > view.state.doc.lines) return;
  const at = view.state.doc.line(line);
  component.$el.scrollIntoView({ block: "nearest" });
  component.revealLine(line);
  view.dispatch({ selection: { anchor: Math.min(at.from + Math.max(column - 1, 0), at.to) } });
  view.focus();
}
