// Live fragments: an element with data-live="/ws/…" is filled with the HTML that its socket sends.
// It reconnects while the server says that there is more to come; with data-live-reload the page
// is loaded again at the end, so that what only the full page shows appears.
(() => {
  "use strict";

  const socketUrl = (path) =>
    `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;

  const watch = (element, wait = 1000) => {
    const socket = new WebSocket(socketUrl(element.dataset.live));
    let wasActive = element.dataset.liveActive === "true";
    let isDone = false;

    socket.addEventListener("message", (event) => {
      const update = JSON.parse(event.data);
      element.innerHTML = update.html;
      if (window.htmx) window.htmx.process(element);
      element.dispatchEvent(new CustomEvent("live:update", { detail: update, bubbles: true }));
      isDone = !update.is_active;
      if (isDone && wasActive && "liveReload" in element.dataset) location.reload();
      wasActive = update.is_active;
      wait = 1000;
    });
    socket.addEventListener("close", (event) => {
      if (isDone || event.code === 4404 || !element.isConnected) return;
      setTimeout(() => watch(element, Math.min(wait * 2, 15000)), wait);
    });
  };

  const start = (root) => {
    for (const element of root.querySelectorAll("[data-live]:not([data-live-started])")) {
      element.dataset.liveStarted = "";
      watch(element);
    }
  };

  document.addEventListener("DOMContentLoaded", () => start(document));
  document.addEventListener("htmx:load", (event) => start(event.target.parentElement || document));
})();
