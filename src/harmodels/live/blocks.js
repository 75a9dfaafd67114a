"use strict";
// Statistics of a recording by blocks of a second: a port of data/look/blocks.py and sensors.py.

const FEWEST = 4; // samples; a shorter block says nothing
const ONE_G = { g: 1, "m/s2": 9.80665, mg: 1000 }; // sizes in the units that files have
const STEPS = Array.from({ length: 12 }, (_, i) => 2 ** (i + 4)); // of a converter that are one g
const TOLERANCE = 0.1; // of the steps, which lie closer than units
const WITHOUT_GRAVITY = ["body", "user", "linear"]; // parts of names of accelerations without it

/** Return the accelerometers and gyroscopes among channels of a model. */
function sensorsOf(channels) {
  const found = {};
  channels.forEach(({ name, unit }, column) => {
    for (const [wanted, kind] of [["g", "acceleration"], ["rad/s", "rotation"]]) {
      let factor;
      try {
        factor = unitFactor(unit, wanted);
      } catch {
        continue;
      }
      const axis = name.at(-1).toLowerCase();
      const short = AXES.includes(axis) ? name.slice(0, -1).replace(/[_.]+$/, "") : name;
      found[`${kind} ${short}`] ??= { name: short, kind, axes: {} };
      found[`${kind} ${short}`].axes[axis] = { column, factor, channel: name };
      return;
    }
  });
  return Object.values(found).map(({ name, kind, axes }) => {
    const ordered = Object.keys(axes).sort().map((axis) => axes[axis]);
    return { name, kind, axes: ordered, channels: ordered.map(({ channel }) => channel),
      columns: ordered.map(({ column }) => column), factors: ordered.map(({ factor }) => factor),
      whole: ordered.length === 3 && AXES.every((axis) => axes[axis]) };
  });
}

/** Return the blocks of sessions: each of the samples in one whole second. */
function blocksOf(sessions, triples) {
  const blocks = [];
  for (const { times, columns } of sessions) {
    for (let first = 0, end; first < times.length; first = end) {
      for (end = first + 1; end < times.length && Math.floor(times[end]) === Math.floor(times[first]);) end++;
      if (end - first < FEWEST) continue;
      const own = columns.map((column) => column.subarray(first, end)), samples = end - first;
      blocks.push({ start: times[first], end: times[end - 1], samples, ...blockOf(own, triples) });
    }
  }
  return blocks;
}

/** Return the statistics of a block, in float32 as Python keeps them. */
function blockOf(columns, triples) {
  const axes = columns.map((values) => {
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    const low = values.reduce((a, b) => Math.min(a, b)), high = values.reduce((a, b) => Math.max(a, b));
    const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
    const ends = [low, high].map((end) => values.filter((x) => x === end).length / values.length);
    const repeats = values.filter((x, i) => i && x === values[i - 1]).length / Math.max(values.length - 1, 1);
    return { mean, low, high, variance, repeats, clipped: Math.max(...ends) };
  });
  const of = (value) => axes.map((axis) => Math.fround(value(axis)));
  const count = columns[0].length, size = [], jump = [];
  for (const { columns: own } of triples) {
    let length = 0, change = 0;
    for (let i = 0; i < count; i++) {
      length += Math.hypot(...own.map((d) => columns[d][i]));
      if (i) for (const d of own) change += (columns[d][i] - columns[d][i - 1]) ** 2;
    }
    const twice = 2 * sumOf(own, (d) => axes[d].variance);
    size.push(Math.fround(length / count));
    jump.push(Math.fround(twice > 0 ? change / Math.max(count - 1, 1) / twice : 0));
  }
  return { mean: of(({ mean }) => mean), low: of(({ low }) => low), high: of(({ high }) => high),
    deviation: of(({ variance }) => Math.sqrt(variance)), clipped: of(({ clipped }) => clipped),
    repeats: of(({ repeats }) => repeats), size, jump };
}

/** Return [lower quartile, median, upper quartile] of the blocks around each one. */
function sliding(values) {
  const width = Math.min(RULES.limits.sliding_blocks, values.length), quarter = Math.floor(width / 4);
  return values.map((_, i) => {
    const first = Math.min(Math.max(i - Math.floor(width / 2), 0), values.length - width);
    const sorted = Float32Array.from(values.slice(first, first + width)).sort();
    return [quarter, Math.floor(width / 2), width - 1 - quarter].map((place) => sorted[place]);
  });
}

const slidingMedian = (values) => sliding(values).map(([, middle]) => middle);
const majority = (mask) => slidingMedian(mask.map(Number)).map((value) => value > 0);
const shareOf = (mask) => mask.filter(Boolean).length / mask.length;

/** Return [first, stop] of the runs of true, over holes of at most `hole` blocks. */
function runsOf(mask, hole = RULES.limits.hole_blocks) {
  const runs = [];
  mask.forEach((holds, i) => {
    if (!holds) return;
    if (runs.length && i - runs.at(-1)[1] <= hole) runs.at(-1)[1] = i + 1;
    else runs.push([i, i + 1]);
  });
  return runs;
}

/** Return a percentile of numbers, interpolated linearly. */
function percentile(values, share) {
  const sorted = Float64Array.from(values).sort(), at = share * (sorted.length - 1), low = Math.floor(at);
  return sorted[low] + (at - low) * (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]);
}
