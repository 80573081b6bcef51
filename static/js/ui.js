// Behaviour that every page shares: theme, dialogs, menus, toasts, copying, confirmation.
(() => {
  "use strict";

  const root = document.documentElement;
  const THEMES = ["auto", "light", "dark"];

  const setTheme = (theme) => {
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    try {
      localStorage.setItem("uno-theme", theme);
    } catch {
      // Not kept, but shown.
    }
    markTheme();
  };

  const markTheme = () => {
    const current = root.dataset.theme || "auto";
    for (const button of document.querySelectorAll("[data-theme-set]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeSet === current));
    }
  };

  // ── Toasts ────────────────────────────────────────────────────────────
  const ICONS = { ok: "circle-check", bad: "circle-alert", warn: "triangle-alert" };

  const toast = (text, level = "ok", undo = "") => {
    const box = document.getElementById("toasts");
    if (!box || !text) return;
    const item = document.createElement("div");
    item.className = `toast toast--${level}`;
    item.setAttribute("role", level === "bad" ? "alert" : "status");
    const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    icon.setAttribute("class", "icon");
    icon.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `${box.dataset.icons}#${ICONS[level] || ICONS.ok}`);
    icon.append(use);
    const label = document.createElement("span");
    label.textContent = text;
    item.append(icon, label);
    if (undo) item.append(undoForm(undo, box.dataset.textUndo));
    if (box.children.length > 2) box.firstElementChild.remove();
    box.append(item);
    expire(item, level);
  };

  // Undoing swaps no page: the rows that it restores come with the answer.
  const undoForm = (url, text) => {
    const form = document.createElement("form");
    form.setAttribute("hx-post", url);
    form.setAttribute("hx-swap", "none");
    const button = document.createElement("button");
    button.className = "btn btn--small";
    button.type = "submit";
    button.textContent = text;
    form.append(button);
    form.addEventListener("htmx:afterRequest", () => form.closest(".toast")?.remove());
    window.htmx.process(form);
    return form;
  };

  // What can be undone, or went wrong, stays long enough to be read and reached.
  const expire = (item, level) => {
    const isLong = level === "bad" || item.querySelector("form");
    setTimeout(() => item.remove(), isLong ? 9000 : 4000);
  };

  // ── Sliders beside a number field: without scripts the field alone is there ──
  for (const slider of document.querySelectorAll("[data-mirrors]")) {
    const field = document.querySelector(slider.dataset.mirrors);
    slider.hidden = false;
    slider.addEventListener("input", () => { field.value = slider.value; });
    field.addEventListener("input", () => { slider.value = field.value; });
  }

  // ── Clicks ────────────────────────────────────────────────────────────
  const copyText = async (source) => {
    const text = source.dataset.copy || document.querySelector(source.dataset.copyFrom)?.textContent || "";
    try {
      await navigator.clipboard.writeText(text.trim());
    } catch {
      const area = document.createElement("textarea");
      area.value = text.trim();
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    toast(source.dataset.copied || "Copied");
  };

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-theme-set], [data-dialog-open], [data-dialog-close], [data-copy], [data-copy-from]");
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      const isItem = menu.contains(event.target) && event.target.closest(".menu__item");
      if (!menu.contains(event.target) || (isItem && !event.target.closest("[data-theme-set]"))) menu.open = false;
    }
    if (event.target instanceof HTMLDialogElement) event.target.close();
    if (!target) return;
    if (target.dataset.themeSet && THEMES.includes(target.dataset.themeSet)) setTheme(target.dataset.themeSet);
    if (target.dataset.dialogOpen) {
      const dialog = document.getElementById(target.dataset.dialogOpen);
      if (dialog) {
        event.preventDefault();
        dialog.showModal();
      }
    }
    if ("dialogClose" in target.dataset) target.closest("dialog")?.close();
    if ("copy" in target.dataset || "copyFrom" in target.dataset) copyText(target);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    }
  });

  // A form with data-confirm asks first; without JavaScript it simply submits.
  document.addEventListener("submit", (event) => {
    const question = event.target.dataset?.confirm;
    if (question && !event.target.dataset.confirmed && !window.confirm(question)) event.preventDefault();
  });

  // Filters apply themselves: <form data-autosubmit> submits when a select or checkbox changes.
  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("form[data-autosubmit]");
    if (form && event.target.matches("select, [type=checkbox], [type=radio]")) form.requestSubmit();
  });

  // ── htmx ──────────────────────────────────────────────────────────────
  // A response may say HX-Trigger: {"toast": {"text": …, "level": "ok|warn|bad", "undo": URL}}.
  document.addEventListener("toast", (event) => toast(event.detail.text ?? event.detail.value, event.detail.level, event.detail.undo));
  // Errors come with a fragment of their own: show it instead of dropping it.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if (xhr.status < 400) return;
    const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
    const message = page.querySelector("[data-error-text]")?.textContent.trim();
    toast(message || root.dataset.textError, "bad");
  });
  document.addEventListener("htmx:sendError", () => toast(root.dataset.textOffline, "bad"));

  // The focus outlives a swap: htmx gives it back once, but two swaps that meet lose it. Whoever
  // worked with the keyboard finds it where it was, by the element's id; a pointer lets go of it.
  let focused = "";
  document.addEventListener("focusin", (event) => { focused = event.target.id; });
  document.addEventListener("pointerdown", () => { focused = ""; });
  document.addEventListener("htmx:afterSettle", () => {
    if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus({ preventScroll: true });
  });

  // What scrolls sideways can be reached and scrolled by keyboard.
  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  document.addEventListener("htmx:load", (event) => {
    for (const table of event.target.querySelectorAll(".table-wrap")) sizes.observe(table);
  });

  // Where the tabs do not fit, the one that is open is in sight.
  const showTab = (tab) => {
    const bar = tab.parentElement;
    bar.scrollLeft = tab.offsetLeft - bar.offsetLeft - (bar.clientWidth - tab.offsetWidth) / 2;
  };

  document.addEventListener("DOMContentLoaded", () => {
    markTheme();
    for (const tab of document.querySelectorAll(".tab[aria-current]")) showTab(tab);
    for (const item of document.querySelectorAll("#toasts .toast")) expire(item, item.dataset.level);
  });

  window.uno = { toast };
})();
