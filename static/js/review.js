// Reviewing by keyboard: the buttons of the current row, pressed by a key. Ignored while typing.
(() => {
  const queue = document.querySelector("[data-review-queue]");
  const tickAll = document.querySelector("[data-tick-all]");
  const boxes = () => [...document.querySelectorAll('[data-review-item] input[type="checkbox"]:not(:disabled)')];

  tickAll?.addEventListener("click", () => {
    const all = boxes();
    const on = all.some((box) => !box.checked);
    all.forEach((box) => { box.checked = on; });
  });
  if (!queue) return;

  const items = () => [...queue.querySelectorAll("[data-review-item]")];
  let current = 0;

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
  }

  const isOpen = (item) => !item.hasAttribute("data-decided");
  function next() {
    const all = items();
    if (isOpen(all[current])) return select(current);
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
    const box = items()[current]?.querySelector('input[type="checkbox"]:not(:disabled)');
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
    u: () => press("reopen"),
    e: edit,
    x: tick,
    "?": () => document.getElementById("review-keys").showModal(),
  };

  const isTyping = (target) => target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
  const isControl = (target) => target.closest("a, button, summary, input");

  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    const area = event.target.closest?.("textarea");
    if (area && event.key === "Escape") {
      const item = area.closest("[data-review-item]");
      area.closest("details").open = false;
      return select(items().indexOf(item));
    }
    if (area && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      return area.form.requestSubmit();
    }
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" && isControl(event.target)) return;
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  queue.addEventListener("focusin", (event) => {
    const item = event.target.closest("[data-review-item]");
    if (item) select(items().indexOf(item), false);
  });

  // A decided row is swapped for its new state: stay in the flow and go on to the next one.
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (!queue.contains(event.detail.elt) && !queue.contains(event.target)) return;
    next();
  });

  select(0, false);
})();
