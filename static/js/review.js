// Reviewing by keyboard: the buttons of the current row, pressed by a key. Ignored while typing.
(() => {
  const queue = document.querySelector("[data-review-queue]");
  const tickAll = document.querySelector("[data-tick-all]");
  const boxes = () => [...document.querySelectorAll('[data-review-item] input[type="checkbox"]:not([data-flagged])')];

  tickAll?.addEventListener("click", () => {
    const all = boxes();
    const on = all.some((box) => !box.checked);
    all.forEach((box) => { box.checked = on; });
  });
  if (!queue) return;

  const items = () => [...queue.querySelectorAll("[data-review-item]")];
  const csrf = JSON.parse(document.body.getAttribute("hx-headers"));
  const tell = (url) => fetch(url, { method: "POST", headers: csrf, keepalive: true });
  let current = 0;

  // ── Claims: the current item is this curator's while it is looked at ──
  const RENEW_MS = 4 * 60 * 1000;
  let claimed = null;
  let settling;

  function release() {
    if (claimed?.isConnected && isOpen(claimed)) tell(claimed.dataset.release);
    claimed = null;
  }

  async function claim() {
    const item = items()[current];
    if (!item?.dataset.claim || !isOpen(item) || document.hidden) return;
    const answer = await tell(item.dataset.claim);
    if (answer.status === 204) keep(item);
    else if (answer.status === 409) lock(item, await answer.text());
  }

  // The answer may come when another item is looked at already: then nobody would give it back.
  function keep(item) {
    if (items()[current] === item) claimed = item;
    else if (item.isConnected && isOpen(item)) tell(item.dataset.release);
  }

  // Somebody else has it: say so, and go on.
  function lock(item, text) {
    item.setAttribute("data-decided", "");
    for (const control of item.querySelectorAll("button, input, textarea")) control.disabled = true;
    const note = document.createElement("p");
    note.className = "small muted";
    note.textContent = text;
    item.append(note);
    if (items()[current] === item && !item.querySelector("textarea:focus")) next();
  }

  // Arrow keys pass over items: only the one that is stayed at is claimed.
  function look() {
    if (claimed === items()[current]) return;
    release();
    clearTimeout(settling);
    settling = setTimeout(claim, 300);
  }

  setInterval(claim, RENEW_MS);
  addEventListener("pagehide", release);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) claim(); });

  // ── Moving ────────────────────────────────────────────────────────────
  const AHEAD = 4;

  function more() {
    const sentinel = queue.querySelector("[data-more]");
    if (sentinel && current >= items().length - AHEAD) window.htmx.trigger(sentinel, "more");
  }

  function select(index, focus = true) {
    const all = items();
    if (!all.length) return;
    current = Math.min(Math.max(index, 0), all.length - 1);
    all.forEach((item) => item.removeAttribute("aria-current"));
    all[current].setAttribute("aria-current", "true");
    if (focus) {
      all[current].focus({ preventScroll: true });
      all[current].scrollIntoView({ block: "nearest", behavior: "smooth" });
    }
    look();
    more();
  }

  const isOpen = (item) => !item.hasAttribute("data-decided");
  function next() {
    const all = items();
    if (!all.length || isOpen(all[current])) return select(current);
    const ahead = all.findIndex((item, at) => at > current && isOpen(item));
    select(ahead === -1 ? current : ahead);
  }

  function press(name) {
    const button = items()[current]?.querySelector(`button[data-key="${name}"]`);
    if (button) button.click();
    return Boolean(button);
  }

  function edit() {
    const details = items()[current]?.querySelector('details[data-key="edit"]');
    if (!details) return;
    details.open = true;
    const area = details.querySelector("textarea");
    area.focus();
    area.setSelectionRange(area.value.length, area.value.length);
  }

  function tick() {
    const box = items()[current]?.querySelector('input[type="checkbox"]');
    if (box) box.checked = !box.checked;
  }

  const keys = {
    ArrowDown: () => select(current + 1),
    ArrowUp: () => select(current - 1),
    j: () => select(current + 1),
    k: () => select(current - 1),
    a: () => press("approve"),
    Enter: () => press("approve"),
    r: () => press("reject"),
    Backspace: () => press("reject"),
    s: () => press("skip"),
    u: () => press("undo") || press("reopen"),
    o: () => press("ask"),
    h: () => items()[current]?.querySelector('a[data-key="open"]')?.click(),
    e: edit,
    x: tick,
    "?": () => document.getElementById("review-keys").showModal(),
  };

  // A key that is held goes on moving, but decides once.
  const MOVES = ["ArrowDown", "ArrowUp", "j", "k"];

  const isTyping = (target) => target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
  const isControl = (target) => target.closest("a, button, summary, input");

  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    const area = event.target.closest?.("textarea");
    if (area && event.key === "Escape") {
      const details = area.closest("details");
      if (!details) return area.blur(); // a comment, beside the items
      details.open = false;
      return select(items().indexOf(area.closest("[data-review-item]")));
    }
    if (area && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      return event.repeat ? undefined : area.form.requestSubmit();
    }
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" && isControl(event.target)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (!keys[key]) return;
    event.preventDefault();
    if (!event.repeat || MOVES.includes(key)) keys[key]();
  });

  queue.addEventListener("focusin", (event) => {
    const item = event.target.closest("[data-review-item]");
    if (item) select(items().indexOf(item), false);
  });

  // A decided row is swapped for its new state: stay in the flow and go on to the next one.
  // Where the last one was decided, go on when more have come.
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (!queue.contains(event.target) || !event.target.matches("[data-review-item]")) return;
    const isMore = event.detail.requestConfig?.verb === "get";
    if (!isMore || !isOpen(items()[current])) next();
  });

  // Undone: back to the item that waits again.
  document.body.addEventListener("htmx:oobAfterSwap", () => {
    const restored = queue.querySelector("[data-restored]");
    restored?.removeAttribute("data-restored");
    if (restored) select(items().indexOf(restored));
  });

  select(0, false);
})();
