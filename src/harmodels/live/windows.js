"use strict";
// From samples in the order of time to the windows that the network reads.

const LARGEST_GAP_S = 0.2; // between two samples of one part, as `harmodels classify` has it
const LARGEST_RATIO = 64; // of two rates, as a fraction of whole numbers up to it
const LEAST_SHARE = 1 / 3; // of the model's rate; what it reads is not in a slower recording
const STILL = 1e-6; // of the largest value; less is no motion but the tail of a filter
const TAPS = 10; // half the length of the filter against aliasing, in samples of the lower rate

/** Return the median of numbers; the mean of the two in the middle where they are even. */
function median(values) {
  const sorted = Float64Array.from(values).sort(), half = sorted.length >> 1;
  return (sorted[half] + sorted[sorted.length - 1 - half]) / 2;
}

/** Return the fraction [up, down] nearest to a ratio, of whole numbers up to `LARGEST_RATIO`. */
function fractionOf(ratio) {
  let best = [Math.round(ratio), 1];
  for (let down = 2; down <= LARGEST_RATIO; down++) {
    const up = Math.round(ratio * down);
    if (Math.abs(up / down - ratio) < Math.abs(best[0] / best[1] - ratio)) best = [up, down];
  }
  return best;
}

/**
 * Refuse a recording that is too slow for a model, or faster than any sensor. `form` is that of its
 * times; it is empty where they are counted at a rate that was given.
 */
function checkRate(foundHz, wantedHz, form) {
  const share = foundHz / wantedHz;
  if (share >= LEAST_SHARE && share <= LARGEST_RATIO) return;
  let reason = "such a rate is no sensor's", remedy = rateRemedy(foundHz, form);
  if (share < LEAST_SHARE) {
    reason = "the motion that it knows is not in so slow a recording";
    if (!unitFor(foundHz, form)) {
      remedy = `record at ${Math.ceil(wantedHz * LEAST_SHARE)} Hz or more, or train a model at the rate of ` +
        `the recording (rate_hz: ${general(foundHz, 4)})`;
    }
  }
  throw new Error(`the recording has ${rateText(foundHz)} samples a second ${form ? "by its times"
    : "as it is said to have"}, and the model reads ${general(wantedHz, 6)}: ${reason}; ` +
    (form ? remedy : "check the rate (--rate)"));
}

/** Return the low-pass of scipy.signal.resample_poly: a sinc in a Kaiser window, beta 5. */
function antialias(up, down) {
  const largest = Math.max(up, down), half = TAPS * largest;
  const bessel = (x) => { // modified, of order 0
    let sum = 1;
    for (let k = 1, term = 1; term > 1e-17 * sum; k++) sum += term *= (x / (2 * k)) ** 2;
    return sum;
  };
  const taps = Float64Array.from({ length: 2 * half + 1 }, (_, index) => {
    const at = (index - half) / largest;
    return (at ? Math.sin(Math.PI * at) / (Math.PI * at) : 1) *
      bessel(5 * Math.sqrt(1 - ((index - half) / half) ** 2));
  });
  const total = taps.reduce((sum, tap) => sum + tap, 0);
  return taps.map((tap) => up * tap / total);
}

/**
 * Return columns at another rate, as src/harmodels/data/resampling.py does: linear interpolation
 * onto even times, then a filter against aliasing; the first and the last sample are repeated
 * beyond the ends. `times` rise, in s and without a gap; `recordedHz` is the whole recording's rate.
 */
function resample(times, columns, rateHz, recordedHz) {
  const [up, down] = fractionOf(rateHz / recordedHz);
  const evenHz = rateHz * down / up, last = times.length - 1;
  const count = Math.floor((times[last] - times[0]) * evenHz + 0.5) + 1;
  const even = columns.map(() => new Float64Array(count));
  for (let i = 0, after = 1; i < count; i++) {
    const at = times[0] + i / evenHz;
    while (after < last && times[after] < at) after++;
    const share = Math.min(1, (at - times[after - 1]) / (times[after] - times[after - 1]));
    columns.forEach((column, d) => {
      even[d][i] = column[after - 1] + share * (column[after] - column[after - 1]);
    });
  }
  if (up === down) return even;
  const taps = antialias(up, down), half = taps.length >> 1;
  return even.map((column) => Float64Array.from(
    { length: Math.ceil(count * up / down) }, (_, index) => {
      const centre = index * down, stop = Math.floor((centre + half) / up);
      let sum = 0;
      for (let n = Math.ceil((centre - half) / up); n <= stop; n++) {
        sum += column[Math.min(Math.max(n, 0), count - 1)] * taps[half + centre - n * up];
      }
      return sum;
    }));
}

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


/** Return whether nothing changed in the second half of a window, to the last digit. */
function stoodStill(window) {
  const half = window.slice(window.length >> 1);
  return half[0].every((_, d) => {
    const values = half.map((vector) => vector[d]), low = Math.min(...values), high = Math.max(...values);
    return high - low <= STILL * Math.max(1e-3, Math.abs(low), Math.abs(high));
  });
}

/** Brings samples to the model's rate, filters and scales them, and cuts windows. */
class Windower {
  /**
   * `onWindow({start, end, values, still})` is called with each window, its times in seconds, an
   * array of vectors, and whether the sensor stood still; `onSample(time, vector)` with each even
   * sample before it is filtered.
   */
  constructor(model, onWindow, onSample = () => {}) {
    Object.assign(this, { model, onWindow, onSample, last: null });
  }

  /** Take a part of a file: rising times in s without a gap, a column for each channel. */
  *part(times, columns, recordedHz) {
    if (times.length < 2) return;
    const even = resample(times, columns, this.model.rate_hz, recordedHz), count = even[0].length;
    this.#begin(times[0]);
    for (let i = 0; i < count; i++) {
      this.#take(even.map((column) => column[i]));
      if (i % 2000 === 1999) yield; // so that a page can breathe
    }
    this.#end();
  }

  /** Take a sample of the phone's sensor at `time` in seconds: interpolated linearly. */
  push(time, vector) {
    if (this.last && (time <= this.last.time || time - this.last.time > LARGEST_GAP_S)) {
      if (time === this.last.time) return; // a repeated time
      this.finish(); // a gap or a step back in time: no window goes across
    }
    if (!this.last) {
      this.#begin(time);
      this.last = { time, vector };
    }
    // A millionth of an interval more, so that rounded times of even samples lose none of them.
    this.#interpolate(time, vector, time + 1e-6 / this.model.rate_hz);
    this.last = { time, vector };
  }

  /** Complete what can be completed after the last sample; the next one begins another part. */
  finish() {
    if (!this.last) return;
    this.#interpolate(this.last.time, this.last.vector, this.last.time + 0.5 / this.model.rate_hz);
    this.#end();
    this.last = null;
  }

  #interpolate(time, vector, until) {
    for (let at; (at = this.origin + this.count / this.model.rate_hz) <= until;) {
      const share = time > this.last.time
        ? Math.min(1, (at - this.last.time) / (time - this.last.time)) : 1;
      this.#take(vector.map((x, d) => this.last.vector[d] + share * (x - this.last.vector[d])));
    }
  }

  #begin(origin) {
    Object.assign(this, { origin, count: 0, raw: [], clean: [], filters: null, cut: 0 });
  }

  #take(even) {
    this.onSample(this.origin + this.count++ / this.model.rate_hz, even);
    if (!this.raw.length) for (let i = 0; i < this.#medianHalf(); i++) this.raw.push(even);
    this.raw.push(even);
    this.#clean();
  }

  #end() {
    for (let i = 0; i < this.#medianHalf() && this.raw.length; i++) { // padded with the last value
      this.raw.push(this.raw.at(-1));
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
    this.clean.push(vector);
    if (this.clean.length < window.steps) return;
    const start = this.origin + this.cut / rate_hz, still = stoodStill(this.clean);
    const values = this.clean.map((own) => Float32Array.from(own, // as Python passes it to the network
      (x, d) => scaled ? (x - scaled.offset[d]) / scaled.scale[d] : x));
    this.onWindow({ start, end: start + window.steps / rate_hz, values, still });
    this.clean.splice(0, window.step);
    this.cut += window.step;
  }
}
