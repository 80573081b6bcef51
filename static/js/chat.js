// The chat: replies as they are written (WebSocket), composer, editors, keys.
(() => {
  "use strict";

  const keySwitch = document.querySelector("[data-shortcuts-switch]");
  const thread = document.getElementById("thread");
  const scroller = document.getElementById("scroll");
  const composer = document.getElementById("composer");
  const composerText = document.getElementById("composer-text");
  const find = (id) => document.getElementById(`m-${id}`);
  const unfinished = () => [...document.querySelectorAll('.message[data-state="generating"]')];

  // ── Scrolling: follow the reply unless the reader has scrolled away ───
  let isFollowing = true;
  const isAtEnd = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
  const toEnd = () => { scroller.scrollTop = scroller.scrollHeight; };
  const follow = () => { if (scroller && isFollowing) toEnd(); };
  const downButton = document.querySelector("[data-scroll-down]");
  scroller?.addEventListener("scroll", () => {
    isFollowing = isAtEnd();
    if (downButton) downButton.hidden = isFollowing;
  }, { passive: true });
  downButton?.addEventListener("click", () => { isFollowing = true; toEnd(); });

  // ── Replies in progress ───────────────────────────────────────────────
  // Text may come before the message it belongs to: it waits for the thread to be drawn.
  let early = null;
  const showContent = ({ id, html, stage }) => {
    const message = find(id);
    if (!message) early = { id, html, stage };
    if (!message || message.dataset.state !== "generating") return Boolean(message);
    const body = message.querySelector(".message__body");
    if (html || !body.innerHTML) body.innerHTML = html;
    const label = message.querySelector(".message__stage");
    if (label && (html || stage)) label.textContent = stage;
    follow();
    return true;
  };

  const refresh = (message) =>
    htmx.ajax("GET", message.dataset.url, { target: `#${message.id}`, swap: "outerHTML" });
  const reloadThread = () =>
    htmx.ajax("GET", thread.dataset.threadUrl, { target: "#thread", swap: "innerHTML" });

  const showState = ({ generating }) => {
    const ids = new Set(generating.map((reply) => reply.id));
    if (generating.map(showContent).includes(false)) reloadThread();
    for (const message of unfinished()) if (!ids.has(message.dataset.message)) refresh(message);
  };

  // Another tab moved on. What this one did itself is drawn by the time that the wait is over,
  // and of several moves the last one counts: an older one would draw what nobody looks at.
  let moved;
  const showThread = ({ leaf }) => {
    clearTimeout(moved);
    moved = setTimeout(() => { if (!find(leaf) && !document.querySelector("[data-editor]")) reloadThread(); }, 400);
  };

  const handlers = {
    content: showContent,
    state: showState,
    done: ({ id }) => { const message = find(id); if (message) refresh(message); },
    thread: showThread,
    gone: () => { location.href = document.querySelector(".chat").dataset.home; },
  };

  const connect = (wait = 500) => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/ws/chat/${thread.dataset.conversation}/`);
    socket.addEventListener("message", (event) => {
      wait = 500;
      const update = JSON.parse(event.data);
      handlers[update.type]?.(update);
    });
    socket.addEventListener("close", (event) => {
      if (event.code !== 4404) setTimeout(() => connect(Math.min(wait * 2, 10000)), wait);
    });
  };

  // ── Composer ──────────────────────────────────────────────────────────
  const stopButton = document.querySelector("[data-stop]");
  const sendButton = document.querySelector(".composer__send");
  const hint = document.querySelector("[data-composer-hint]");
  const hintText = hint?.textContent;

  const markComposer = () => {
    if (!composer) return;
    const isWriting = unfinished().length > 0;
    stopButton.hidden = !isWriting;
    sendButton.hidden = isWriting;
    sendButton.disabled = !composerText.value.trim();
  };

  const stop = () => {
    const forms = unfinished().map((message) => message.querySelector(".message__stop"));
    forms.filter(Boolean).forEach((form) => form.requestSubmit());
    return forms.length > 0;
  };
  stopButton?.addEventListener("click", stop);

  composerText?.addEventListener("input", () => {
    const left = composerText.maxLength - composerText.value.length;
    hint.classList.toggle("is-near", left < 500);
    hint.textContent = left < 500 ? `${left} ${hint.dataset.textLeft}` : hintText;
    markComposer();
  });
  composerText?.addEventListener("keydown", (event) => {
    if (event.key === "ArrowUp" && !composerText.value && keySwitch?.checked) {
      const edit = [...document.querySelectorAll(".message--user .actions a.action")].pop();
      if (edit) { event.preventDefault(); edit.click(); }
    }
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (!unfinished().length && composerText.value.trim()) composer.requestSubmit();
  });
  composer?.addEventListener("click", (event) => { if (event.target === composer) composerText.focus(); });
  composer?.addEventListener("htmx:beforeRequest", () => { isFollowing = true; });
  composer?.addEventListener("htmx:afterRequest", (event) => {
    if (event.target !== composer || !event.detail.successful) return;
    composerText.value = "";
    composerText.dispatchEvent(new Event("input"));
    composerText.focus();
  });

  // What opens at the end of the thread should be seen.
  thread?.addEventListener("toggle", (event) => {
    if (event.target.open && event.target.matches(".disclosure")) event.target.scrollIntoView({ block: "nearest" });
  }, true);

  // ── Code blocks: what language it is, and a button that copies it ────
  const words = document.querySelector(".chat")?.dataset ?? {};
  const sprite = document.getElementById("toasts")?.dataset.icons;
  let nCodeBlocks = 0;
  const copyButton = (id) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "action";
    button.dataset.copyFrom = `#${id}`;
    button.dataset.copied = words.textCopied;
    button.title = words.textCopyCode;
    button.setAttribute("aria-label", words.textCopyCode);
    const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    icon.setAttribute("class", "icon");
    icon.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `${sprite}#copy`);
    icon.append(use);
    button.append(icon);
    return button;
  };
  const dressCode = () => {
    for (const pre of document.querySelectorAll(".message:not([data-state=generating]) .prose > pre, .message:not([data-state=generating]) .prose li pre")) {
      if (pre.parentElement.matches(".code-block")) continue;
      const code = pre.querySelector("code");
      if (!code) continue;
      code.id ||= `code-${++nCodeBlocks}`;
      const block = document.createElement("div");
      block.className = "code-block";
      const bar = document.createElement("div");
      bar.className = "code-block__bar";
      const language = document.createElement("span");
      language.textContent = [...code.classList].find((name) => name.startsWith("language-"))?.slice(9) ?? "";
      bar.append(language, copyButton(code.id));
      pre.replaceWith(block);
      block.append(pre, bar);
    }
    // What scrolls sideways has to be reached by the keyboard too.
    for (const wide of document.querySelectorAll(".prose pre, .prose table, .prose .formula--block")) {
      if (wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0;
    }
  };

  // ── Editors in place ──────────────────────────────────────────────────
  const closeEditor = (editor) => {
    const article = editor.closest("article");
    editor.remove();
    article.querySelector(".actions a.action")?.focus();
  };
  document.addEventListener("click", (event) => {
    const cancel = event.target.closest("[data-editor-cancel]");
    if (!cancel || !cancel.closest("article.message")) return;
    event.preventDefault();
    closeEditor(cancel.closest("[data-editor]"));
  });
  document.addEventListener("keydown", (event) => {
    const editor = event.target.closest?.("[data-editor]");
    if (!editor) return;
    if (event.key === "Escape" && editor.closest("article.message")) {
      event.stopPropagation();
      closeEditor(editor);
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      editor.requestSubmit();
    }
  });

  // ── Keys that work everywhere; can be switched off ────────────────────
  const stored = (() => { try { return localStorage.getItem("uno-keys"); } catch { return null; } })();
  if (keySwitch) {
    keySwitch.checked = stored !== "off";
    keySwitch.addEventListener("change", () => {
      try { localStorage.setItem("uno-keys", keySwitch.checked ? "on" : "off"); } catch { /* not kept */ }
    });
  }
  const shortcuts = {
    k: () => {
      const page = document.getElementById("history-search");
      if (page) { page.focus(); page.select(); return; }
      if (getComputedStyle(document.getElementById("sidebar")).visibility === "hidden") location.hash = "sidebar";
      document.getElementById("conversation-search").focus();
    },
    "/": () => document.getElementById("shortcuts").showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && location.hash === "#sidebar") location.hash = "main";
    if (!keySwitch?.checked) return;
    if (event.key === "Escape" && !document.querySelector("dialog[open], [data-editor]")) stop();
    if (!(event.ctrlKey || event.metaKey)) return;
    const key = event.key.toLowerCase();
    if (event.shiftKey && key === "o") {
      event.preventDefault();
      document.querySelector("[data-shortcut=new]").click();
    } else if (event.shiftKey && event.code === "Semicolon") {
      event.preventDefault();
      [...document.querySelectorAll(".code-block [data-copy-from]")].pop()?.click();
    } else if (!event.shiftKey && shortcuts[key]) {
      event.preventDefault();
      shortcuts[key]();
    }
  });

  document.addEventListener("htmx:afterSwap", () => {
    if (early && find(early.id)) { showContent(early); early = null; }
  });

  // ── After every change of the thread ──────────────────────────────────
  const settle = () => { dressCode(); markComposer(); follow(); };
  document.addEventListener("htmx:afterSettle", (event) => {
    const editor = event.target.querySelector?.("[data-editor] textarea");
    if (editor && editor !== document.activeElement) {
      editor.focus();
      editor.setSelectionRange(editor.value.length, editor.value.length);
      editor.closest("article").scrollIntoView({ block: "nearest" });
      return;
    }
    settle();
  });

  if (thread) connect();
  dressCode();
  // A link to one message shows that message; otherwise the end is what one comes for.
  const wanted = location.hash.startsWith("#m-") && document.getElementById(location.hash.slice(1));
  if (wanted) { isFollowing = false; wanted.scrollIntoView({ block: "center" }); }
  else if (thread) toEnd();
  markComposer();
})();
