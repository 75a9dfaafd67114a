"use strict";
// Times of a recording: its pace, and seconds that rise. A port of data/reading/clock.py for a
// recording that is in memory as a whole.

const SENSORS_HZ = [0.5, 8000];
const FINENESS = 16; // bins of an interval for each doubling
const FINEST = 2 ** -40; // s
const SIZES = 32; // bins of how many samples share a stamp, one for each doubling
const LONGEST_PERIOD_S = 2; // between packets, unless most intervals are longer
const SHORT = 1 / 4; // of the mean interval; a burst is over before
const BURSTS = 0.4; // of the intervals are so short where samples come in bursts
const STRETCH = 1.25; // by which samples of a packet may be further apart than usual
const STANDSTILL_S = 1; // more time than there is up to the next stamp: the clock stood still
const SAME = 0.01; // of an interval; stamps that are no further apart are one
const PROBED = 2048; // samples that show whether they come in bursts
const DISORDERED = 20; // rows for each step of the clock; fewer are in no order

const sumOf = (items, value) => items.reduce((sum, item) => sum + value(item), 0);

/** Return the median of values of items with weights. */
function weightedMedian(items, value, weight) {
  const sorted = items.toSorted((one, other) => value(one) - value(other));
  const half = sumOf(items, weight) / 2;
  let total = 0;
  return value(sorted.find((item) => (total += weight(item)) >= half) ?? sorted.at(-1));
}

/** Return a place in a recording: 0:18, or 1:02:05. */
function placeText(seconds) {
  const whole = Math.floor(seconds + 1e-6), hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** Return a number as Python's %g has it. */
function general(value, digits) {
  if (!Number.isFinite(value)) return "nan";
  const [mantissa, power] = value.toExponential(digits - 1).split("e").map(Number);
  if (power >= -4 && power < digits) return String(Number(value.toPrecision(digits)));
  return `${mantissa}e${power < 0 ? "-" : "+"}${two(Math.abs(power))}`;
}

function spanText(seconds) {
  const units = [[DAY_S, "days"], [3600, "h"], [60, "min"]];
  const [size, unit] = units.find(([each]) => seconds >= 2 * each) ?? [];
  if (size) return `${(seconds / size).toFixed(1)} ${unit}`;
  return seconds >= 1 ? `${seconds.toFixed(1)} s` : `${general(1000 * seconds, 3)} ms`;
}

/** Return the unit in which times of this form give a rate of a motion sensor, or nothing. */
function unitFor(rateHz, form) {
  if (!(form in SECONDS) || !(rateHz > 0)) return "";
  const rate = (unit) => rateHz * SECONDS[form] / SECONDS[unit];
  return Object.keys(SECONDS).find((unit) => unit !== form && rate(unit) >= 5 && rate(unit) <= 1600) ?? "";
}

/** Return what to do about a rate that no sensor has, or that is too low for a model. */
function rateRemedy(rateHz, form) {
  const unit = unitFor(rateHz, form);
  return unit ? `the times may be in ${unit} (--time-unit ${unit})`
    : "name another column of the time (--columns time=…), or check the unit (--time-unit)";
}

/** Return where stamps of rising times begin: times no further apart than `apart` have one. */
function stampsOf(times, apart = 0) {
  const firsts = [0];
  for (let i = 1; i < times.length; i++) if (times[i] - times[i - 1] > apart) firsts.push(i);
  return firsts;
}

/** Return {copied, first, count} of rows that repeat time and values of another; null without one. */
function copiesIn(rows, own, times, columns) {
  let copied = null;
  const firsts = stampsOf(own);
  if (firsts.length === rows.length) return null;
  firsts.forEach((first, i) => {
    const end = firsts[i + 1] ?? rows.length;
    if (end - first > 1) copiesOf(rows.subarray(first, end), times, columns).forEach((copy, k) => {
      if (copy) (copied ??= new Uint8Array(rows.length))[first + k] = 1;
    });
  });
  return copied && { copied, first: copied.indexOf(1), count: copied.reduce((sum, one) => sum + one) };
}

/**
 * Return {rateHz, packet, notes, copies} of times in order, as Pace has them in Python; an Error
 * says where times do not rise, rows are in no order, or no sensor has such a rate.
 */
function paceOf(order, form = "s") {
  checkOrder(order);
  const { times, columns } = order, bins = new Map(), partial = { total: 0, sizes: [0, 0] };
  const shared = new Event(), copied = new Event();
  const apart = pauseApart(order);
  for (const { rows, place } of order.sessions) {
    const own = Float64Array.from(rows, (row) => times[row]), copies = copiesIn(rows, own, times, columns);
    const same = own.findIndex((time, i) => i && time - own[i - 1] < FINEST), stamps = stampsOf(own, apart);
    if (same > 0) shared.add(place(own[same]), 0, own.length - stampsOf(own, FINEST).length);
    if (copies) copied.add(place(own[copies.first]), 0, copies.count);
    for (let i = 0; i + 1 < stamps.length; i++) {
      const [from, end] = [stamps[i], stamps[i + 1]], pause = own[end] - own[from];
      const sizes = [end - from, end - from];
      if (copies) sizes[1] -= copies.copied.subarray(from, end).reduce((sum, one) => sum + one);
      if (!i && end - from > 1) { // recording may begin within a packet
        partial.total += pause;
        sizes.forEach((each, kind) => { partial.sizes[kind] += each; });
        continue;
      }
      const height = Math.min(SIZES - 1, Math.floor(Math.log2(end - from)));
      const bin = Math.floor(Math.log2(Math.max(pause, FINEST) / FINEST) * FINENESS);
      const key = height * 1e4 + bin;
      if (!bins.has(key)) bins.set(key, { height, bin, count: 0, total: 0, sizes: [0, 0] });
      const entry = bins.get(key);
      entry.count++;
      entry.total += pause;
      for (const kind of [0, 1]) entry.sizes[kind] += sizes[kind];
    }
  }
  const { ahead } = order;
  if (!bins.size && !partial.total && !ahead.count) {
    throw new Error("all rows have the same time; name another column of the time (--columns time=…) " +
      "or leave it out and say the samples a second (--rate)");
  }
  // a month from row to row
  if (ahead.count * DISORDERED > times.length) checkSensorRate(1 / ahead.amount, form);
  const copies = copied.count >= 0.9 * shared.count;
  const [rateHz, packet, period] = rateOfBins(
    [...bins.values()], partial, Number(copies), order.sessions.length);
  checkSensorRate(rateHz, form);
  return { rateHz, packet, copies, notes: paceNotes(order, shared, copies, packet, period) };
}

const rateText = (rateHz) => rateHz >= 1000 ? Math.round(rateHz).toLocaleString("en") : general(rateHz, 4);

function checkSensorRate(rateHz, form) {
  if (rateHz >= SENSORS_HZ[0] && rateHz <= SENSORS_HZ[1]) return;
  throw new Error(`the recording has ${rateText(rateHz)} samples a second by its times, and no ` +
    `motion sensor has such a rate; ${rateRemedy(rateHz, form)}`);
}

function checkOrder({ times, back, stray, late }) {
  if (times.length < 2) throw new Error("a recording of fewer than two rows with a time has no rate");
  const steps = back.count + stray.count, many = 4 * late.count > times.length ? 5 : 1;
  if (steps < 3 || steps * DISORDERED * many <= times.length) return;
  const falls = times.filter((time, i) => i && time < times[i - 1]).length;
  throw new Error(falls > 0.9 * times.length
    ? "the times fall from row to row: the newest row comes first; sort the rows by the time"
    : `the time falls in ${falls.toLocaleString("en")} of ${times.length.toLocaleString("en")} rows: ` +
      "the rows are in no order of time, or those of several recordings or sensors come in turn; sort " +
      "them by the time, one recording after the other");
}

/** Return the pause between packets, longer than those in a burst. */
function pauseApart({ times, sessions }) {
  const every = [];
  for (const { rows } of sessions) {
    if (every.length >= PROBED) break;
    const first = Array.from(rows.subarray(0, 8 * PROBED), (row) => times[row]);
    every.push(...pausesOf(first));
  }
  const rising = every.filter((pause) => pause >= FINEST);
  if (!rising.length) return FINEST;
  const longest = longestPeriod(rising, (pause) => pause, () => 1);
  const inside = rising.filter((pause) => pause <= longest);
  const mean = sumOf(inside, (pause) => pause) / (inside.length + every.length - rising.length);
  const short = inside.filter((pause) => pause <= SHORT * mean).length;
  return short >= BURSTS * inside.length ? mean / 2 : FINEST;
}

/** Return the longest interval that can be one between packets. */
function longestPeriod(items, length, weight) {
  return Math.max(LONGEST_PERIOD_S, 3 * weightedMedian(items, length, weight));
}

/** Return samples a second, samples a packet, and seconds from packet to packet. */
function rateOfBins(every, partial, kind, sessions) {
  if (!every.length) {
    const size = partial.sizes[kind];
    return [size / partial.total, Math.round(size / sessions), partial.total];
  }
  // a stamp that many more samples share than usual is a clock that stood still
  const usual = weightedMedian(every, ({ height }) => height, ({ count }) => count), lengths = new Map();
  for (const { height, bin, count, total, sizes } of every) {
    if (height > usual + 3) continue;
    const known = lengths.get(bin) ?? { count: 0, total: 0, size: 0 };
    lengths.set(bin,
      { count: known.count + count, total: known.total + total, size: known.size + sizes[kind] });
  }
  const bins = [...lengths.values()].map((bin) => ({ ...bin, length: bin.total / bin.count }));
  const within = (low, high) => bins.filter(({ length }) => length > low && length <= high);
  const count = (some) => sumOf(some, (bin) => bin.count), lengthOf = ({ length }) => length;
  const possible = within(-1, longestPeriod(bins, lengthOf, (bin) => bin.count));
  const usualS = weightedMedian(possible, lengthOf, (bin) => bin.total);
  const early = count(bins.filter(({ length }) => length < usualS / 2));
  const late = count(within(1.5 * usualS, 2.5 * usualS)), all = count(within(-1, 1.5 * usualS)) + late;
  const triple = count(within(2.5 * usualS, 3.5 * usualS));
  // more double intervals than two missing samples in a row tell: coarse stamps or jitter
  const coarse = late > 0.05 * all && triple < late ** 2 / all / 4;
  const inside = within(-1, (coarse || (late > 0 && late < 2 * early) ? 2.5 : 1.5) * usualS);
  const size = sumOf(inside, (bin) => bin.size), rate = size / sumOf(inside, (bin) => bin.total);
  const each = size / count(inside);
  return [rate, Math.max(1, Math.round(each)), each / rate];
}

function paceNotes({ back, ahead, late, disorder }, shared, copies, packet, period) {
  const notes = [], samples = (count) => counted(count, "sample");
  for (const [event, text] of [[back, "back"], [ahead, "ahead"]]) {
    const { count, amount, first } = event, times = count > 1 ? ` ${count} times, first` : "";
    if (count) {
      notes.push(`the clock steps ${text}${times} by ${spanText(amount)} at ${placeText(first)}; the ` +
        "times after it go on from there");
    }
  }
  if (late.count) {
    notes.push(`${samples(late.count)} came late, by up to ${counted(disorder, "row")}, first at ` +
      `${placeText(late.first)}; sorted by time`);
  }
  if (packet > 1) {
    notes.push(`samples come ${packet} at once, every ${spanText(period)}; they are spread evenly ` +
      "over that time");
  } else if (shared.count && !copies) {
    notes.push(`${samples(shared.count)} had the time of the one before, first at ` +
      `${placeText(shared.first)}; they are spread over the time between`);
  }
  return notes;
}

/**
 * Return {sessions, notes, dropped}: {times, rows} of each session, whose times rise; the clock of
 * one goes on an interval after the last sample of the one before.
 */
function mendTimes(order, pace) {
  const { times, columns, stray } = order, interval = 1 / pace.rateHz;
  const copied = new Event(), stoodStill = new Event();
  const apart = (pace.packet > 1 ? 0.5 : SAME) * interval, sessions = [];
  let last = -interval;
  for (const { rows: every, place } of order.sessions) {
    let rows = every, own = Float64Array.from(rows, (row) => times[row]);
    const copies = pace.copies && copiesIn(rows, own, times, columns);
    if (copies) {
      copied.add(place(own[copies.first]), 0, copies.count);
      [rows, own] = [rows, own].map((all) => all.filter((_, i) => !copies.copied[i]));
    }
    while (rows.length) {
      const stamps = stampsOf(own, apart), shift = sessions.length ? last + interval - own[0] : 0;
      let placed = own;
      if (stamps.length < own.length) {
        const packets = stamps.map((first, i) => ({
          stamp: own[first], size: (stamps[i + 1] ?? own.length) - first,
          room: i + 1 < stamps.length ? own[stamps[i + 1]] - own[first] : Infinity,
        }));
        const stood = packets.findIndex(({ size, room }) => size * interval / 2 > room + STANDSTILL_S);
        if (stood >= 0) {
          packets.length = stood + 1;
          packets[stood].room = Infinity;
          stoodStill.add(packets[stood].stamp + shift, 0, packets[stood].size);
        }
        placed = spread(packets, interval, pace.packet, last - shift);
      }
      const mended = Float64Array.from(placed, (time) => time + shift);
      sessions.push({ times: mended, rows: rows.subarray(0, placed.length) });
      last = placed.at(-1) + shift;
      [rows, own] = [rows, own].map((all) => all.subarray(placed.length));
    }
  }
  const notes = [];
  if (copied.count) {
    notes.push(`${counted(copied.count, "row")} with time and values of another, first at ` +
      `${placeText(copied.first)}; left out`);
  }
  if (stray.count) {
    notes.push(`${counted(stray.count, "sample")} with a time far from those around, first at ` +
      `${placeText(stray.first)}; left out`);
  }
  if (stoodStill.count) {
    notes.push(`the clock stands still for ${counted(stoodStill.count, "sample")}, first at ` +
      `${placeText(stoodStill.first)}; the times after it go on from there`);
  }
  return { sessions, notes, dropped: copied.count + stray.count };
}

/** Return the times of samples in packets, spread up to the next stamp. */
function spread(packets, interval, usual, last) {
  const placed = [];
  packets.forEach(({ stamp, size, room }, i) => {
    let begin = stamp, step = room === Infinity ? interval : Math.min(room / size, STRETCH * interval);
    if (!i && size > 1 && size < usual && room !== Infinity) {
      step = Math.min(step, interval); // recording began within a packet: its last samples
      begin += room - size * step;
    }
    const before = stamp - (i ? packets[i - 1].stamp : last), alone = i > 0 && packets[i - 1].size === 1;
    if (usual === 1 && size > 1 && alone && before > Math.max(room, 1.5 * interval)) {
      step = Math.min(before / size, interval); // those that come together after a pause were taken in it
      begin -= (size - 1) * step;
    }
    for (let k = 0; k < size; k++) placed.push(begin + k * step);
  });
  return placed;
}
