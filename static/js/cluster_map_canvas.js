// The cluster map's drawing: points on a canvas that can be moved, zoomed, picked and lassoed.
// Points are written into an image by hand: twenty thousand take a few milliseconds that way.
(() => {
  "use strict";

  const UNPLACED = 0xffff;
  const CELLS = 64; // buckets along each side, for finding the point under the pointer
  const FULL = 0x7fff;
  const MAX_ZOOM = 60;
  const DIMMED = 0.13;

  const decode = (text, Type) => {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    return new Type(bytes.buffer);
  };

  const channels = (colour) => (colour.match(/[\d.]+/g) || [0, 0, 0]).slice(0, 3).map(Number);

  // A dot as the pixels it covers: offsets and how much of each.
  const dot = (radius) => {
    const pixels = [];
    const reach = Math.ceil(radius);
    for (let dy = -reach; dy <= reach; dy += 1) {
      for (let dx = -reach; dx <= reach; dx += 1) {
        const cover = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(dx, dy)));
        if (cover > 0) pixels.push([dx, dy, cover]);
      }
    }
    return { pixels, reach };
  };

  class MapCanvas {
    constructor(canvas, data) {
      this.canvas = canvas;
      this.context = canvas.getContext("2d");
      this.clusters = data.clusters;
      this.cluster = decode(data.cluster, Uint16Array);
      this.gap = decode(data.gap, Uint8Array);
      this.age = decode(data.age, Uint16Array);
      this.state = decode(data.state, Uint8Array);
      this.x = Float32Array.from(decode(data.x, Int16Array), (value) => value / FULL);
      this.y = Float32Array.from(decode(data.y, Int16Array), (value) => value / FULL);
      this.n = data.n;
      this.category = new Uint8Array(this.n);
      this.palette = [];
      this.highlighted = new Set(); // cluster numbers
      this.selected = new Set(); // points
      this.current = -1; // the point under the pointer
      this.lasso = [];
      this.frames = 0;
      this.index();
      this.resize();
      this.fit();
    }

    // ── Where things are ──────────────────────────────────────────────
    cell(value) {
      return Math.min(CELLS - 1, Math.max(0, Math.floor(((value + 1) / 2) * CELLS)));
    }

    index() {
      this.starts = new Uint32Array(CELLS * CELLS + 1);
      const cells = new Uint16Array(this.n);
      for (let i = 0; i < this.n; i += 1) {
        cells[i] = this.cell(this.y[i]) * CELLS + this.cell(this.x[i]);
        this.starts[cells[i] + 1] += 1;
      }
      for (let c = 0; c < CELLS * CELLS; c += 1) this.starts[c + 1] += this.starts[c];
      const next = this.starts.slice();
      this.order = new Uint32Array(this.n);
      for (let i = 0; i < this.n; i += 1) {
        this.order[next[cells[i]]] = i;
        next[cells[i]] += 1;
      }
    }

    resize() {
      this.ratio = Math.min(window.devicePixelRatio || 1, 2);
      const width = Math.max(1, Math.round(this.canvas.clientWidth * this.ratio));
      const height = Math.max(1, Math.round(this.canvas.clientHeight * this.ratio));
      const dx = this.width ? (width - this.width) / 2 : 0;
      const dy = this.height ? (height - this.height) / 2 : 0;
      [this.width, this.height, this.canvas.width, this.canvas.height] = [width, height, width, height];
      this.image = this.context.createImageData(width, height);
      this.words = new Uint32Array(this.image.data.buffer);
      if (this.scale) this.move(dx / this.ratio, dy / this.ratio);
    }

    fit() {
      this.least = 0.46 * Math.min(this.width, this.height);
      [this.scale, this.left, this.top] = [this.least, this.width / 2, this.height / 2];
      this.request();
    }

    move(dx, dy) {
      this.left += dx * this.ratio;
      this.top += dy * this.ratio;
      this.request();
    }

    zoom(factor, x = this.width / this.ratio / 2, y = this.height / this.ratio / 2) {
      const scale = Math.min(Math.max(this.scale * factor, this.least / 2), this.least * MAX_ZOOM);
      const [px, py] = [x * this.ratio, y * this.ratio];
      this.left = px - ((px - this.left) / this.scale) * scale;
      this.top = py - ((py - this.top) / this.scale) * scale;
      this.scale = scale;
      this.request();
    }

    world(x, y) {
      return [(x * this.ratio - this.left) / this.scale, (y * this.ratio - this.top) / this.scale];
    }

    place(i) {
      const left = (this.x[i] * this.scale + this.left) / this.ratio;
      return [left, (this.y[i] * this.scale + this.top) / this.ratio];
    }

    pick(x, y, reach = 10) {
      const [wx, wy] = this.world(x, y);
      const radius = (reach * this.ratio) / this.scale;
      let [best, nearest] = [-1, radius * radius];
      for (let row = this.cell(wy - radius); row <= this.cell(wy + radius); row += 1) {
        for (let column = this.cell(wx - radius); column <= this.cell(wx + radius); column += 1) {
          const at = row * CELLS + column;
          for (let k = this.starts[at]; k < this.starts[at + 1]; k += 1) {
            const i = this.order[k];
            const distance = (this.x[i] - wx) ** 2 + (this.y[i] - wy) ** 2;
            if (distance < nearest && this.cluster[i] !== UNPLACED) [best, nearest] = [i, distance];
          }
        }
      }
      return best;
    }

    // Points within the lasso: a ray to the right crosses its line an odd number of times.
    enclosed() {
      const line = this.lasso.map(([x, y]) => this.world(x, y));
      const found = [];
      for (let i = 0; i < this.n; i += 1) {
        if (this.cluster[i] === UNPLACED) continue;
        let isInside = false;
        for (let a = 0, b = line.length - 1; a < line.length; b = a, a += 1) {
          const [ax, ay] = line[a];
          const [bx, by] = line[b];
          const crosses = ay > this.y[i] !== by > this.y[i];
          if (crosses && this.x[i] < ((bx - ax) * (this.y[i] - ay)) / (by - ay) + ax) isInside = !isInside;
        }
        if (isInside) found.push(i);
      }
      return found;
    }

    // ── Drawing ───────────────────────────────────────────────────────
    request() {
      if (this.isDue) return;
      this.isDue = true;
      requestAnimationFrame(() => {
        this.isDue = false;
        this.draw();
      });
    }

    colours(palette, background, ink) {
      this.palette = palette.map(channels);
      this.background = channels(background);
      this.ink = ink;
      this.request();
    }

    // `of(i)` says which of the palette's colours a point has.
    categorise(of) {
      for (let i = 0; i < this.n; i += 1) this.category[i] = this.cluster[i] === UNPLACED ? 0 : of(i);
      this.request();
    }

    draw() {
      if (!this.background) return;
      const [red, green, blue] = this.background;
      this.words.fill(((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0);
      const isPartial = this.highlighted.size > 0 || this.selected.size > 0;
      if (isPartial) this.points((i) => !this.isLit(i), DIMMED);
      this.points((i) => !isPartial || this.isLit(i), 0.85);
      this.context.putImageData(this.image, 0, 0);
      this.overlay();
      this.frames += 1;
    }

    isLit(i) {
      return this.selected.size > 0 ? this.selected.has(i) : this.highlighted.has(this.cluster[i]);
    }

    radius() {
      const base = this.n > 8000 ? 1.3 : this.n > 1500 ? 2 : 3;
      return this.ratio * Math.min(6, base + 0.6 * Math.max(0, Math.log2(this.scale / this.least)));
    }

    points(isWanted, strength) {
      const { width, height, scale, left, top } = this;
      const pixels = this.image.data;
      const { pixels: mask, reach } = dot(this.radius());
      const offsets = mask.map(([dx, dy]) => (dy * width + dx) * 4);
      for (let i = 0; i < this.n; i += 1) {
        if (this.cluster[i] === UNPLACED || !isWanted(i)) continue;
        const px = Math.round(this.x[i] * scale + left);
        const py = Math.round(this.y[i] * scale + top);
        if (px < reach || py < reach || px >= width - reach || py >= height - reach) continue;
        const [red, green, blue] = this.palette[this.category[i]];
        const alpha = this.state[i] & 1 ? strength * 0.4 : strength;
        const at = (py * width + px) * 4;
        for (let k = 0; k < mask.length; k += 1) {
          const cover = mask[k][2] * alpha;
          const to = at + offsets[k];
          pixels[to] += (red - pixels[to]) * cover;
          pixels[to + 1] += (green - pixels[to + 1]) * cover;
          pixels[to + 2] += (blue - pixels[to + 2]) * cover;
        }
      }
    }

    overlay() {
      const { context } = this;
      context.save();
      context.scale(this.ratio, this.ratio);
      context.strokeStyle = this.ink.line;
      context.lineWidth = 2;
      if (this.lasso.length > 1) this.outline();
      if (this.current >= 0) {
        const [x, y] = this.place(this.current);
        context.beginPath();
        context.arc(x, y, this.radius() / this.ratio + 4, 0, 7);
        context.stroke();
      }
      this.labels();
      context.restore();
    }

    outline() {
      this.context.beginPath();
      for (const [x, y] of this.lasso) this.context.lineTo(x, y);
      this.context.closePath();
      this.context.stroke();
    }

    // Names of clusters at their middles, the largest first; one that would cover another waits
    // until there is room.
    labels() {
      const { context } = this;
      const taken = [];
      context.font = `600 12px ${this.ink.font}`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      this.clusters.forEach((cluster, number) => {
        if (!cluster.n || (this.highlighted.size && !this.highlighted.has(number))) return;
        const middle = ((cluster.x / FULL) * this.scale + this.left) / this.ratio;
        const y = ((cluster.y / FULL) * this.scale + this.top) / this.ratio;
        const half = context.measureText(cluster.name).width / 2 + 4;
        const width = this.width / this.ratio;
        if (middle < 0 || middle > width) return;
        const x = Math.max(half, Math.min(middle, width - half)); // a name at the edge stays whole
        const isCovered = taken.some(([tx, ty, th]) => Math.abs(tx - x) < th + half && Math.abs(ty - y) < 16);
        if (isCovered) return;
        taken.push([x, y, half]);
        context.lineJoin = "round";
        context.lineWidth = 4;
        context.strokeStyle = this.ink.halo;
        context.strokeText(cluster.name, x, y);
        context.fillStyle = this.ink.text;
        context.fillText(cluster.name, x, y);
      });
    }
  }

  window.uno.MapCanvas = MapCanvas;
})();
