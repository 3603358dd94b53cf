// What pages need in the browser and no server: the key "/", and the clipboard.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  const at = document.activeElement;
  if (at && (at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName))) return;
  const box = document.querySelector("input[data-search], [data-search] input");
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select();
});

// navigator.clipboard is there over https and on localhost alone.
async function mcCopy(text) {
  let done = false;
  try {
    await navigator.clipboard.writeText(text);
    done = true;
  } catch (refused) {
    const area = Object.assign(document.createElement("textarea"), { value: text });
    area.style.position = "fixed";
    area.style.opacity = "0";
    document.body.append(area);
    area.select();
    done = document.execCommand("copy");
    area.remove();
  }
  Quasar.Notify.create({ message: done ? "Copied" : "Could not copy; select it and press Ctrl-C", timeout: 1500 });
}

// A conversation shows its end.
function mcDown(id) {
  const box = document.getElementById(`c${id}`);
  if (box) setTimeout(() => (box.scrollTop = box.scrollHeight), 50);
}

// On a phone the result is below the fields: it is shown, but nothing moves where it is in sight already.
function mcShow(id) {
  const box = document.getElementById(`c${id}`);
  if (box && box.getBoundingClientRect().top > window.innerHeight * 0.6) box.scrollIntoView({ block: "start" });
}

// Once the keyboard's button has moved with its card, it is still the one that is pressed next.
function mcFocus(id) {
  setTimeout(() => getElement(id)?.$el.focus(), 60);
}

function mcScrollTo(id) {
  document.getElementById(`c${id}`)?.scrollIntoView();
}

// What is confirmed opens in a window of its own; where that is blocked, the page has a link.
let mcWindow = null;
function mcConfirm(address) {
  mcWindow = window.open(address, "_blank", "popup,width=560,height=560");
}
function mcConfirmed() {
  mcWindow?.close();
  mcWindow = null;
}

// What a list is narrowed to stands in the address, and adds nothing to the history.
function mcAddress(address) {
  history.replaceState(history.state, "", address);
}

function mcTheme(cookie, theme, path, age) {
  document.cookie = `${cookie}=${theme}; path=${path}; max-age=${age}; samesite=lax`;
  document.documentElement.className = theme;
}

// What was changed and not saved asks before it is left.
let mcHasUnsaved = false;
function mcUnsaved(unsaved) {
  mcHasUnsaved = unsaved;
}
addEventListener("beforeunload", (event) => {
  if (mcHasUnsaved) event.preventDefault();
});

// Pages that ask again and again need not while nobody sees them.
document.addEventListener("visibilitychange", () => {
  if (typeof emitEvent === "function") emitEvent("mc-visible", !document.hidden);
});
