// The cluster map's page: colourings, pointer and keys, the card of a point, selections.
(() => {
  "use strict";

  const STEP = 48; // pixels that an arrow key moves
  const AGES = [7, 30, 90, 365];
  const UNMEASURED = 0xff;
  const STATE = { excluded: 1, flagged: 2 };

  // Which of its legend's colours a point has, in the order in which the legend names them.
  const COLOURINGS = {
    route: (map) => {
      const numbers = map.clusters.map(({ route }) => ["expert", "critic"].indexOf(route));
      return (i) => (numbers[map.cluster[i]] + 3) % 3;
    },
    gap: (map) => (i) => (map.gap[i] === UNMEASURED ? 5 : Math.min(4, Math.floor(map.gap[i] / 20))),
    noise: (map) => (i) => {
      const cluster = map.clusters[map.cluster[i]];
      if (cluster.is_excluded || map.state[i] & STATE.excluded) return 3;
      if (cluster.is_noise) return 2;
      return map.state[i] & STATE.flagged ? 1 : 0;
    },
    age: (map) => (i) => {
      const at = AGES.findIndex((days) => map.age[i] < days);
      return at < 0 ? AGES.length : at;
    },
  };

  class MapPage {
    constructor(root, data) {
      this.root = root;
      this.data = data;
      this.card = root.querySelector("[data-map-card]");
      this.bar = document.querySelector("[data-map-selection]");
      this.list = document.querySelector("[data-map-list]");
      this.canvas = root.querySelector("canvas");
      this.map = new window.uno.MapCanvas(this.canvas, data);
      this.cards = new Map();
      this.pointers = new Map();
      this.colour(root.dataset.colour);
      this.listen();
      this.choose();
      root.dataset.ready = "true";
    }

    // ── Colours ───────────────────────────────────────────────────────
    colour(name) {
      this.colouring = name;
      for (const legend of document.querySelectorAll("[data-legend]")) legend.hidden = legend.dataset.legend !== name;
      for (const link of document.querySelectorAll("[data-colour-link]")) {
        if (link.dataset.colourLink === name) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
      this.map.categorise(COLOURINGS[name](this.map));
      this.paint();
    }

    // The legend's swatches have their colours from the style sheet, and the points from them.
    paint() {
      const swatches = document.querySelectorAll(`[data-legend="${this.colouring}"] .swatch`);
      const palette = [...swatches].map((swatch) => getComputedStyle(swatch).backgroundColor);
      const style = getComputedStyle(this.canvas);
      const ink = { text: style.color, halo: style.backgroundColor, line: style.outlineColor, font: style.fontFamily };
      this.map.colours(palette, style.backgroundColor, ink);
    }

    // ── Listening ─────────────────────────────────────────────────────
    listen() {
      const on = (name, handle) => this.canvas.addEventListener(name, handle);
      on("pointerdown", (event) => this.press(event));
      on("pointermove", (event) => this.drag(event));
      on("pointerup", (event) => this.release(event));
      on("pointercancel", (event) => this.pointers.delete(event.pointerId));
      on("pointerleave", () => this.pointers.size || this.hide());
      on("wheel", (event) => {
        event.preventDefault();
        this.map.zoom(Math.exp(-event.deltaY * 0.0015), event.offsetX, event.offsetY);
      });
      on("keydown", (event) => this.key(event));
      this.root.addEventListener("click", (event) => this.button(event.target.closest("[data-map-do]")));
      this.list.addEventListener("change", () => this.choose());
      this.bar.querySelector("[data-map-clear]").addEventListener("click", () => this.select([]));
      document.addEventListener("click", (event) => this.link(event));
      new ResizeObserver(() => {
        // At once: a canvas that waits for the next frame is seen empty.
        this.map.resize();
        this.map.draw();
      }).observe(this.canvas);
      new MutationObserver(() => this.paint()).observe(document.documentElement, { attributes: true });
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.paint());
    }

    link(event) {
      const link = event.target.closest("[data-colour-link]");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      history.replaceState(null, "", link.href);
      this.colour(link.dataset.colourLink);
    }

    button(button) {
      if (!button) return;
      const acts = {
        in: () => this.map.zoom(1.5),
        out: () => this.map.zoom(1 / 1.5),
        fit: () => this.map.fit(),
        lasso: () => button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true")),
      };
      acts[button.dataset.mapDo]();
      this.canvas.classList.toggle("is-lasso", this.isLassoOn());
    }

    isLassoOn() {
      return this.root.querySelector("[data-map-do=lasso]").getAttribute("aria-pressed") === "true";
    }

    key(event) {
      const moves = { ArrowLeft: [STEP, 0], ArrowRight: [-STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };
      const zooms = { "+": 1.3, "=": 1.3, "-": 1 / 1.3 };
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (moves[event.key]) this.map.move(...moves[event.key]);
      else if (zooms[event.key]) this.map.zoom(zooms[event.key]);
      else if (event.key === "0") this.map.fit();
      else if (event.key === "Escape") this.select([]);
      else return;
      event.preventDefault();
      this.hide();
    }

    // ── Pointers ──────────────────────────────────────────────────────
    press(event) {
      if (event.button) return;
      this.canvas.setPointerCapture(event.pointerId);
      const at = [event.offsetX, event.offsetY];
      this.pointers.set(event.pointerId, at);
      this.pressedAt = at;
      this.isMoved = false;
      this.isLasso = this.pointers.size === 1 && (event.shiftKey || this.isLassoOn());
      if (this.isLasso) this.map.lasso = [at];
    }

    drag(event) {
      const at = [event.offsetX, event.offsetY];
      const before = this.pointers.get(event.pointerId);
      if (!before) {
        this.hover(at);
        return;
      }
      const [dx, dy] = [at[0] - before[0], at[1] - before[1]];
      this.isMoved = this.isMoved || Math.hypot(at[0] - this.pressedAt[0], at[1] - this.pressedAt[1]) > 4;
      if (this.isMoved) this.hide();
      if (this.isLasso) this.map.lasso.push(at);
      else if (this.pointers.size === 2) this.pinch(event.pointerId, before, at);
      else this.map.move(dx, dy);
      this.pointers.set(event.pointerId, at);
      this.map.request();
    }

    pinch(moving, before, at) {
      const [, still] = [...this.pointers].find(([id]) => id !== moving);
      const distance = (a) => Math.max(1, Math.hypot(a[0] - still[0], a[1] - still[1]));
      this.map.zoom(distance(at) / distance(before), (at[0] + still[0]) / 2, (at[1] + still[1]) / 2);
    }

    release(event) {
      if (!this.pointers.delete(event.pointerId)) return;
      if (this.isLasso) this.close();
      else if (!this.isMoved) this.tap(event);
      this.isLasso = false;
    }

    close() {
      const found = this.map.lasso.length > 2 ? this.map.enclosed() : [];
      this.map.lasso = [];
      this.select(found);
    }

    // A click opens the entry; a finger sees the card first, whose link opens it.
    tap(event) {
      const i = this.map.pick(event.offsetX, event.offsetY, event.pointerType === "mouse" ? 8 : 22);
      if (i < 0) this.hide();
      else if (event.pointerType === "mouse") this.open(i);
      else this.show(i);
    }

    async open(i) {
      const card = await this.fetch(i);
      const link = document.createRange().createContextualFragment(card).querySelector("a");
      if (link) location.assign(link.getAttribute("href"));
    }

    // ── The card of a point ───────────────────────────────────────────
    hover(at) {
      const i = this.map.pick(...at);
      if (i === this.map.current) return;
      clearTimeout(this.wait);
      this.hide();
      if (i < 0) return;
      this.map.current = i;
      this.map.request();
      this.wait = setTimeout(() => this.show(i), 70);
    }

    async show(i) {
      this.map.current = i;
      this.map.request();
      const card = await this.fetch(i);
      if (this.map.current !== i || !card) return;
      this.card.innerHTML = card;
      this.card.hidden = false;
      const [x, y] = this.map.place(i);
      const { offsetWidth: width, offsetHeight: height } = this.card;
      const isLeft = x + 14 + width > this.canvas.clientWidth;
      this.card.style.left = `${Math.max(4, isLeft ? x - 14 - width : x + 14)}px`;
      this.card.style.top = `${Math.max(4, Math.min(y - height / 2, this.canvas.clientHeight - height - 4))}px`;
    }

    hide() {
      clearTimeout(this.wait);
      this.card.hidden = true;
      if (this.map.current >= 0) this.map.request();
      this.map.current = -1;
    }

    async fetch(i) {
      if (!this.cards.has(i)) {
        const response = await fetch(this.data.url.replace(/0\/$/, `${i}/`)).catch(() => null);
        if (!response?.ok) {
          window.uno.toast(this.root.dataset.textGone, "bad");
          return "";
        }
        this.cards.set(i, await response.text());
      }
      return this.cards.get(i);
    }

    // ── Choosing clusters and points ──────────────────────────────────
    choose() {
      const ids = new Set([...this.list.querySelectorAll("input:checked")].map((box) => box.value));
      const numbers = this.data.clusters.map((cluster, number) => (ids.has(cluster.id) ? number : -1));
      this.map.highlighted = new Set(numbers.filter((number) => number >= 0));
      for (const button of this.list.querySelectorAll("[data-needs]")) {
        button.disabled = button.dataset.needs === "1" ? ids.size !== 1 : ids.size < 2;
      }
      this.map.request();
    }

    select(points) {
      this.map.selected = new Set(points);
      this.bar.hidden = points.length === 0;
      this.bar.elements.points.value = points.join(",");
      this.bar.querySelector("[data-map-count]").textContent = points.length;
      this.map.request();
    }
  }

  document.addEventListener("DOMContentLoaded", async () => {
    const root = document.querySelector("[data-cluster-map]");
    if (!root) return;
    const response = await fetch(root.dataset.clusterMap).catch(() => null);
    if (response?.ok) window.uno.map = new MapPage(root, await response.json());
    else window.uno.toast(root.dataset.textFailed, "bad");
  });
})();
