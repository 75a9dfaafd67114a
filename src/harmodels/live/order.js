"use strict";
// Rows in the order of time: late ones sorted, strays left out, sessions parted where the clock was
// set. A port of data/reading/order.py for a recording that is in memory as a whole.

const HELD = 256; // rows by which a sample may be late
const STRAYS = 8; // samples in a row whose times are far from those around them
const NEAR = 3; // rows by which a sample may be late without another look
const CROWDED = 1.5; // times as many samples as there is room for: the clock was set back
const JUMP_S = 30 * DAY_S; // nobody pauses a recording for a month: the clock was set

/** Something that happens to a clock, counted; where and by how much at first. */
class Event {
  constructor() {
    Object.assign(this, { count: 0, first: 0, amount: 0 });
  }

  add(place, amount = 0, count = 1) {
    if (!this.count) Object.assign(this, { first: place, amount });
    this.count += count;
  }
}

const pausesOf = (times) => times.slice(1).map((time, i) => time - times[i]);

/** Return the longest pause but one; the longest may be a gap. */
const usualPause = (times) => pausesOf(times).sort((one, other) => one - other).at(-2) ?? 0;

/** Return which of some rows repeat time and values of one before. */
function copiesOf(rows, times, columns) {
  const seen = new Set();
  return Array.from(rows, (row) => {
    const key = `${times[row]} ${columns.map((column) => column[row])}`;
    return seen.has(key) || !seen.add(key);
  });
}

/** Puts the rows of times in the order of time; `sessions` are {rows, place}. */
class Order {
  constructor(times, columns) {
    Object.assign(this, { times, columns, sessions: [], held: [], elapsed: 0, start: 0, disorder: 0 });
    for (const kind of ["back", "ahead", "late", "stray"]) this[kind] = new Event();
    const count = times.length;
    this.near = this.#findNear();
    this.#compareFrom(0);
    for (let row = 0; row < count;) {
      const time = times[row], top = this.#top();
      if (!(time < top)) this.#take(row++);
      else if (this.#isNear(row)) {
        this.late.add(this.#place(time));
        this.disorder = Math.max(this.disorder, this.#take(row++));
      } else row = this.#mend(row);
    }
    this.#give();
  }

  /** Look at a row far before the latest one; return the next row to take. */
  #mend(row) {
    const { times, held } = this, [end, kind] = this.#judge(row), top = this.#top();
    if (kind === "late") {
      for (let late = row; late < end; late++) this.#take(late);
    } else if (kind === "leave out") {
      this.stray.add(this.#place(top), 0, end - row);
    } else if (kind === "back") {
      const tail = held.slice(-HELD), next = top + (top - times[tail[0]]) / Math.max(tail.length - 1, 1);
      this.back.add(this.#place(next), next - times[row]);
      this.#give();
      this.#compareFrom(row);
    } else this.#compareFrom(row);
    return end;
  }

  #compareFrom(row) {
    Object.assign(this, { base: row, before: this.held.slice(-this.near - 1) });
  }

  /** Return by how many rows samples come late without another look: few, or else many do. */
  #findNear() {
    const { times } = this;
    let top = -Infinity, suspects = 0;
    for (let row = 1; row < times.length; row++) {
      top = Math.max(top, times[row - 1]);
      if (times[row] < times[row - 1] && !this.#passes(row, -Infinity, top, NEAR)) suspects++;
    }
    return suspects > times.length / 64 ? 10 * NEAR : NEAR;
  }

  /** Return whether a row comes so few rows late, and its time passes the latest one again soon. */
  #isNear(row) {
    const { base, before, near } = this, since = row - base;
    const earlier = this.times[before.at(since > near ? -1 : since - near - 1)] ?? -Infinity;
    return this.#passes(row, earlier, this.#top(), near);
  }

  #passes(row, earlier, top, near) {
    const { times } = this;
    for (let i = Math.max(this.base ?? 0, row - HELD); i < row - near; i++) {
      if (times[i] > times[row]) return false;
    }
    if (earlier > times[row]) return false;
    for (let i = row; i < row + 2 * near; i++) if (i >= times.length || times[i] >= top) return true;
    return false;
  }

  #top() {
    return this.times[this.held.at(-1)];
  }

  #place(time) {
    return this.elapsed + Math.max(0, time - this.start);
  }

  /** Take a row after those of its time; return how many come after it. */
  #take(row) {
    const { times, held } = this;
    if (!held.length) this.start = times[row];
    let at = held.length;
    for (; at > 0 && times[held[at - 1]] > times[row]; at--) held[at] = held[at - 1];
    held[at] = row;
    return held.length - 1 - at;
  }

  /** Return up to which row a step back lasts, and what it is. */
  #judge(fall) {
    const { times, held } = this, top = this.#top();
    const limit = Math.min(fall + HELD + 1, times.length);
    let end = fall, low = Infinity, high = -Infinity;
    for (; end < limit && times[end] < top; end++) {
      low = Math.min(low, times[end]);
      high = Math.max(high, times[end]);
    }
    const returns = end < limit, back = returns || limit - fall <= HELD;
    const tail = held.slice(-HELD).map((row) => times[row]);
    if (back && (low >= tail[0] || held.length < HELD) && this.#hasRoom(fall, end, low, tail)) {
      this.disorder = Math.max(this.disorder, tail.filter((time) => time > low).length);
      this.late.add(this.#place(low), 0, end - fall);
      return [end, "late"];
    }
    const number = tail.filter((time) => time > times[fall]).length;
    if (number <= STRAYS && number < tail.length) {
      const before = tail.at(-number - 1), usual = usualPause(tail.slice(0, -number || undefined));
      if (tail.at(-number) - before > Math.max((top - times[fall]) / 2, STRAYS / 2 * usual)) {
        held.length -= number;
        this.stray.add(this.#place(before), 0, number);
        return [fall, "stray"];
      }
    }
    if (returns && end - fall <= STRAYS && times[end] - top < (top - high) / 2) return [end, "leave out"];
    return [fall, "back"];
  }

  /** Return whether rows fit between those before; else the clock was set back a little. */
  #hasRoom(start, end, low, tail) {
    const top = tail.at(-1), rows = Array.from(this.times.subarray(start, end));
    const earlier = rows.filter((time) => time < tail[0]);
    if (earlier.length) { // than the session: only a few that belong to it
      const gap = tail[0] - Math.max(...earlier);
      const usual = usualPause([...tail, ...rows].sort((one, other) => one - other));
      if (earlier.length > Math.max(STRAYS, tail.length >> 2)) return false;
      if (usual > 0 && gap > STRAYS / 2 * usual) return false;
    }
    if (tail.length < STRAYS || top === tail[0]) return true;
    const usual = usualPause(tail), pauses = pausesOf(tail).filter((pause) => !usual || pause <= 2 * usual);
    const room = (top - low) * pauses.length / pauses.reduce((sum, pause) => sum + pause, 0);
    const crowd = tail.filter((time) => time >= low).length -
      tail.filter((time) => time === top).length + rows.length;
    if (crowd <= CROWDED * room + 2) return true;
    const every = [...this.held.slice(-HELD), ...rows.map((_, i) => start + i)];
    const copies = copiesOf(every, this.times, this.columns).slice(tail.length).filter(Boolean).length;
    return crowd - copies <= CROWDED * room + 2;
  }

  /** End the session, which is several where time jumps far ahead. */
  #give() {
    const { times, held } = this;
    for (let first = 0, i = 1; i <= held.length; i++) {
      const before = times[held[i - 1]], jump = times[held[i]] - before;
      if (i < held.length && !(jump > JUMP_S)) continue;
      const { elapsed, start } = this;
      this.sessions.push({
        rows: Int32Array.from(held.slice(first, i)), place: (time) => elapsed + Math.max(0, time - start),
      });
      first = i;
      const place = this.#place(before);
      if (i < held.length) {
        this.ahead.add(place, jump);
        this.start = times[held[i]];
      }
      this.elapsed = place;
    }
    this.held = [];
  }
}
