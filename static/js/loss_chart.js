// The loss curve of a training run: <figure data-loss-chart="/ws/training/runs/<id>/"> holds
// <script type="application/json"> with the points so far and an empty <svg>. New points come
// over the socket. Colours and fonts are the style sheet's (css/training.css).
(() => {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";
  const HEIGHT = 260;
  const PAD = { left: 46, right: 14, top: 14, bottom: 34 };

  const make = (name, attributes, text) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    return element;
  };

  // Round steps of 1, 2 or 5 times a power of ten that divide a span in about n parts.
  const ticks = (low, high, n) => {
    const raw = (high - low || 1) / n;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= raw);
    const marks = [];
    for (let mark = Math.ceil(low / step) * step; mark <= high + step * 1e-6; mark += step) {
      marks.push(Number(mark.toPrecision(6)));
    }
    return marks;
  };

  class LossChart {
    constructor(figure) {
      this.figure = figure;
      this.svg = figure.querySelector("svg");
      this.status = figure.querySelector("[data-chart-status]");
      this.train = new Map();
      this.validation = new Map();
      this.nSteps = 0;
      this.lastStep = 0;
      const first = figure.querySelector('script[type="application/json"]');
      if (first) this.add(JSON.parse(first.textContent));
      this.draw();
      new ResizeObserver(() => {
        if (this.svg.clientWidth !== this.width) this.draw();
      }).observe(this.figure);
    }

    clear() {
      this.train.clear();
      this.validation.clear();
      this.lastStep = 0;
    }

    add(rows) {
      for (const row of rows) {
        if (row.kind === "train") {
          this.lastStep = row.step;
          this.nSteps = row.n_steps || this.nSteps;
          this.train.set(row.step, row.loss);
          this.last = row;
        } else if (row.kind === "validation") {
          this.validation.set(row.step ?? this.lastStep, row.loss);
        }
      }
    }

    scales() {
      const values = [...this.train.values(), ...this.validation.values()];
      const high = Math.max(...values, 0.001) * 1.05;
      const low = Math.min(0, ...values);
      const lastStep = Math.max(this.nSteps, ...this.train.keys(), ...this.validation.keys(), 1);
      const inner = { w: this.width - PAD.left - PAD.right, h: HEIGHT - PAD.top - PAD.bottom };
      return {
        low, high, lastStep,
        x: (step) => PAD.left + (step / lastStep) * inner.w,
        y: (loss) => PAD.top + (1 - (loss - low) / (high - low)) * inner.h,
      };
    }

    draw() {
      this.width = this.svg.clientWidth || 640;
      this.svg.replaceChildren();
      this.svg.setAttribute("viewBox", `0 0 ${this.width} ${HEIGHT}`);
      if (this.train.size + this.validation.size === 0) {
        const place = { x: this.width / 2, y: HEIGHT / 2, class: "chart-empty", "text-anchor": "middle" };
        this.svg.append(make("text", place, this.figure.dataset.empty));
        return;
      }
      const scale = this.scales();
      this.axes(scale);
      this.line(this.train, scale, "chart-train");
      this.line(this.validation, scale, "chart-validation");
      for (const [step, loss] of this.validation) this.dot(scale, step, loss);
    }

    axes(scale) {
      for (const mark of ticks(scale.low, scale.high, 4)) {
        const y = scale.y(mark);
        this.svg.append(
          make("line", { x1: PAD.left, x2: this.width - PAD.right, y1: y, y2: y, class: "chart-grid" }),
          make("text", { x: PAD.left - 6, y: y + 4, "text-anchor": "end" }, mark),
        );
      }
      for (const mark of ticks(0, scale.lastStep, this.width > 480 ? 6 : 4).filter(Number.isInteger)) {
        const place = { x: scale.x(mark), y: HEIGHT - PAD.bottom + 16, "text-anchor": "middle" };
        this.svg.append(make("text", place, mark));
      }
      const middle = { x: this.width / 2, y: HEIGHT - 4, "text-anchor": "middle" };
      this.svg.append(make("text", middle, this.figure.dataset.xLabel));
    }

    line(points, scale, name) {
      const path = [...points.entries()]
        .sort((a, b) => a[0] - b[0])
        .map(([step, loss], i) => `${i ? "L" : "M"}${scale.x(step).toFixed(1)},${scale.y(loss).toFixed(1)}`)
        .join("");
      // One point is a line of no length: its round ends are seen.
      this.svg.append(make("path", { d: points.size === 1 ? `${path}h0` : path, class: name, fill: "none" }));
    }

    dot(scale, step, loss) {
      const dot = make("circle", { cx: scale.x(step), cy: scale.y(loss), r: 3.5, class: "chart-dot" });
      dot.append(make("title", {}, this.say("textAt", { step, loss: loss.toFixed(3) })));
      this.svg.append(dot);
    }

    update(message) {
      if (message.is_restart) this.clear();
      this.add(message.rows);
      this.draw();
      if (this.status && this.last) {
        const left = this.last.eta_seconds;
        const wait = left > 0 && message.is_active ? ` · ${this.say("textLeft", { time: this.duration(left) })}` : "";
        const values = {
          step: `${this.last.step}/${this.nSteps}`,
          epoch: Number(this.last.epoch).toFixed(1).replace(/\.0$/, ""),
          loss: this.last.loss.toFixed(3),
        };
        this.status.textContent = this.say("textStatus", values) + wait;
      }
    }

    // What the page says in its language, with the values in their places.
    say(key, values) {
      return this.figure.dataset[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
    }

    duration(seconds) {
      return seconds < 90
        ? this.say("textSeconds", { n: Math.round(seconds) })
        : this.say("textMinutes", { n: Math.round(seconds / 60) });
    }
  }

  const watch = (chart, wait = 1000) => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}${chart.figure.dataset.lossChart}`);
    let wasActive = chart.figure.dataset.active === "true";
    let isOver = false;
    let isFresh = true;
    socket.addEventListener("message", (event) => {
      const message = JSON.parse(event.data);
      if (isFresh) chart.clear(); // the socket tells the story from its beginning
      isFresh = false;
      chart.update(message);
      isOver = !message.is_active;
      if (wasActive && isOver) location.reload();
      wasActive = message.is_active;
      if (chart.state !== undefined && chart.state !== message.state && message.is_active) location.reload();
      chart.state = message.state;
    });
    socket.addEventListener("close", (event) => {
      if (isOver || event.code === 4404 || !chart.figure.isConnected) return;
      setTimeout(() => watch(chart, Math.min(wait * 2, 15000)), wait);
    });
  };

  document.addEventListener("DOMContentLoaded", () => {
    for (const figure of document.querySelectorAll("[data-loss-chart]")) {
      const chart = new LossChart(figure);
      if (figure.dataset.active === "true") watch(chart);
    }
  });
})();
