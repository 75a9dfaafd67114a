"use strict";
// From samples at odd times to the windows that the network reads, and from a CSV file to samples.

const GRAVITY = 9.80665; // m/s²
const LARGEST_GAP_S = 0.2; // between two samples of one part, as `harmodels classify` has it

/** Second-order sections (b0, b1, b2, a0, a1, a2), at rest as if `first` had always been there. */
class Sections {
  constructor(sections, first) {
    let level = first;
    this.sections = sections.map((row) => {
      const [b0, b1, b2, a1, a2] = [0, 1, 2, 4, 5].map((index) => row[index] / row[3]);
      const steady = level * (b0 + b1 + b2) / (1 + a1 + a2);
      const late = b2 * level - a2 * steady;
      const state = [b1 * level - a1 * steady + late, late];
      level = steady;
      return { b0, b1, b2, a1, a2, state };
    });
  }

  /** Return the filtered value (direct form II transposed, as scipy.signal.sosfilt). */
  next(value) {
    return this.sections.reduce((x, { b0, b1, b2, a1, a2, state }) => {
      const y = b0 * x + state[0];
      state[0] = b1 * x - a1 * y + state[1];
      state[1] = b2 * x - a2 * y;
      return y;
    }, value);
  }
}

const median = (values) => Float64Array.from(values).sort()[values.length >> 1];

/** Interpolates samples onto even times, filters and scales them, and cuts windows. */
class Windower {
  /**
   * `onWindow({start, end, values})` is called with each window, its times in seconds and an array
   * of vectors; `onSample(time, vector)` with each even sample before it is filtered.
   */
  constructor(model, onWindow, onSample = () => {}) {
    Object.assign(this, { model, onWindow, onSample, last: null });
  }

  /** Take the sample at `time` in seconds, in the units of the model's channels. */
  push(time, vector) {
    if (this.last && (time <= this.last.time || time - this.last.time > LARGEST_GAP_S)) {
      if (time === this.last.time) return; // a repeated time
      this.finish(); // a gap or a step back in time: no window goes across
    }
    if (!this.last) {
      Object.assign(this, { origin: time, count: 0, raw: [], clean: [], filters: null, cut: 0 });
      this.last = { time, vector };
    }
    // A millionth of an interval more, so that rounded times of even samples lose none of them.
    this.#interpolate(time, vector, time + 1e-6 / this.model.rate_hz);
    this.last = { time, vector };
  }

  /** Complete what can be completed at the end of a part; the next sample begins another. */
  finish() {
    if (!this.last) return;
    const { time, vector } = this.last;
    this.#interpolate(time, vector, time + 0.5 / this.model.rate_hz);
    const half = this.#medianHalf();
    for (let i = 0; i < half && this.raw.length; i++) { // padded with the last value
      this.raw.push(this.raw.at(-1));
      this.#clean();
    }
    this.last = null;
  }

  #interpolate(time, vector, until) {
    const step = 1 / this.model.rate_hz;
    for (let at; (at = this.origin + this.count * step) <= until; this.count++) {
      const share = time > this.last.time
        ? Math.min(1, (at - this.last.time) / (time - this.last.time)) : 1;
      const even = vector.map((x, d) => this.last.vector[d] + share * (x - this.last.vector[d]));
      this.onSample(at, even);
      if (!this.raw.length) for (let i = 0; i < this.#medianHalf(); i++) this.raw.push(even);
      this.raw.push(even);
      this.#clean();
    }
  }

  #medianHalf() {
    return this.model.noise_filter ? this.model.noise_filter.median_steps >> 1 : 0;
  }

  /** Filter and scale the newest sample whose neighbours have come, and cut a window if one ends. */
  #clean() {
    const { noise_filter: noise, normalisation: scaled, window, rate_hz } = this.model;
    const width = 2 * this.#medianHalf() + 1;
    if (this.raw.length < width) return;
    let vector = this.raw[this.#medianHalf()];
    if (noise) {
      vector = vector.map((_, d) => median(this.raw.slice(0, width).map((sample) => sample[d])));
      this.filters ??= Array.from(vector, (first) => new Sections(noise.sections, first));
      vector = vector.map((value, d) => this.filters[d].next(value));
    }
    this.raw.shift();
    if (scaled) vector = vector.map((x, d) => (x - scaled.offset[d]) / scaled.scale[d]);
    this.clean.push(Float32Array.from(vector)); // as Python passes it to the network
    if (this.clean.length < window.steps) return;
    const start = this.origin + this.cut / rate_hz;
    this.onWindow({ start, end: start + window.steps / rate_hz, values: this.clean.slice() });
    this.clean.splice(0, window.step);
    this.cut += window.step;
  }
}

/** Return what a column measures, for example "acc_x", or null: many programs name it otherwise. */
function quantityOf(name) {
  const known = name.toLowerCase().trim().match(
    /^(?:total_|body_(?=g))?(a|acc|accel|accelerometer|acceleration|g|gyr|gyro|gyroscope)[ _.-]?([xyz])\b/);
  return known && `${known[1][0] === "a" ? "acc" : "gyro"}_${known[2]}`;
}

/** Return {times, vectors, notes} of a CSV text; an Error says what the model misses in it. */
function readCsv(text, model) {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const header = lines[0];
  const separator = [",", ";", "\t"].find((mark) => header.includes(mark)) ?? ",";
  const cells = (line) => line.split(separator).map((cell) => cell.trim().replace(/^"|"$/g, ""));
  const names = cells(header);
  const columns = model.channels.map(({ name }) => {
    const exact = names.indexOf(name);
    return exact >= 0 ? exact : names.findIndex((other) => quantityOf(other) === quantityOf(name));
  });
  const missing = model.channels.filter((_, d) => columns[d] < 0).map(({ name }) => name);
  if (missing.length) {
    throw new Error(`The file has no column ${missing.join(", ")}; its columns are ` +
      `${names.join(", ")}. Name the columns as the model does: ` +
      `${model.channels.map(({ name }) => name).join(", ")}.`);
  }
  const clock = names.findIndex((name) => /^(t|time|timestamp|seconds)(?![a-z])/i.test(name));
  const times = [], vectors = [], notes = [];
  let incomplete = 0;
  lines.forEach((line, index) => {
    if (!index || !line.trim()) return;
    const parts = cells(line);
    const numbers = (clock < 0 ? columns : [clock, ...columns]).map(
      (column) => parts[column] ? Number(parts[column]) : NaN);
    if (!numbers.every(Number.isFinite)) { incomplete++; return; }
    times.push(clock < 0 ? (index - 1) / model.rate_hz : numbers.shift());
    vectors.push(numbers);
  });
  if (!vectors.length) throw new Error("The file has no row of numbers below its header.");
  if (incomplete) notes.push(`left out ${incomplete} ${incomplete > 1 ? "rows" : "row"} with missing values`);
  if (clock < 0) notes.push(`no time column: read as ${model.rate_hz} Hz`);
  inSeconds(times, notes);
  inUnitsOfModel(vectors, model, notes);
  return { times, vectors, notes };
}

/** Scale times of a file to seconds from its start; a phone is sampled at 5 Hz to 2 kHz. */
function inSeconds(times, notes) {
  const pauses = times.slice(1).map((time, i) => time - times[i]).filter((pause) => pause > 0);
  if (!pauses.length) throw new Error("The times of the file do not rise.");
  const pause = median(pauses);
  const unit = [["s", 1], ["ms", 1e3], ["µs", 1e6], ["ns", 1e9]].find(
    ([, size]) => pause / size >= 5e-4 && pause / size <= LARGEST_GAP_S);
  if (!unit) throw new Error(`The times of the file are ${pause} apart, in no unit that fits.`);
  if (unit[1] > 1) notes.push(`times are in ${unit[0]}`);
  const origin = unit[1] > 1 ? times[0] : 0; // seconds stay what they are
  times.forEach((time, i) => { times[i] = (time - origin) / unit[1]; });
}

/** Scale accelerations to the model's unit, which gravity gives away. */
function inUnitsOfModel(vectors, model, notes) {
  const axes = model.channels.flatMap(({ sensor }, d) => sensor === "acceleration" ? [d] : []);
  if (axes.length < 3) return;
  const size = median(vectors.map((vector) => Math.hypot(...axes.map((d) => vector[d]))));
  const unit = size > 0.7 && size < 1.6 ? "g" : size > 7 && size < 16 ? "m/s²" : null;
  if (!unit) {
    throw new Error(`The acceleration is ${size.toPrecision(3)} in size, where gravity makes it ` +
      "about 1 (g) or 9.8 (m/s²). The model needs acceleration with gravity.");
  }
  notes.push(`acceleration in ${unit}`);
  for (const d of axes) {
    const factor = model.channels[d].per_si * (unit === "g" ? GRAVITY : 1);
    if (Math.abs(factor - 1) > 1e-9) for (const vector of vectors) vector[d] *= factor;
  }
}
