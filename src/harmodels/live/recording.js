"use strict";
// A recording: one file, or several of an app, from text to samples in the order of time.

const SLICE_MS = 50; // of work, after which the page may breathe

/** A recording in one file: a port of data/reading/recording.py. */
class FileRecording {
  constructor(file, form, channels, given = NOTHING_GIVEN) {
    Object.assign(this, { file, form, channels, name: baseName(file.name) });
    this.told = Boolean(given.time_unit);
    this.meaning = this.naming(() => recognise(form, channels, given, this.name));
  }

  /** Put the name of the file before what is wrong with it. */
  naming(work) {
    try {
      return work();
    } catch (error) {
      if (!error.message.includes(this.name)) error.message = `${this.name}: ${error.message}`;
      throw error;
    }
  }

  /**
   * Read all of it; `breathe(share)` is awaited now and then, and false ends the reading.
   *
   * Returns whether it came to the end; then there are `sessions` of {times, columns} in the
   * model's units, `origin`, `rateHz` and `notes`.
   */
  async read(breathe) {
    const { form, meaning, channels } = this, { names } = form;
    const columns = [...new Set(Object.values(meaning.columns).flat())];
    const marks = marksOf(form, columns), places = columns.map((name) => names.indexOf(name));
    const sums = channels.map(({ name }) => meaning.columns[name].map((column) => columns.indexOf(column)));
    const factors = channels.map(({ name, unit }) => unitFactor(meaning.units[name], unit));
    const clock = meaning.time.map((name) => names.indexOf(name)), times = new Times(meaning.timeUnit);
    const mark = clock.length ? marksOf(form, meaning.time)[0] : ".";
    const faults = new Faults(), seconds = [], values = channels.map(() => []);
    let row = 0, due = performance.now() + SLICE_MS, done = 0;
    for await (const rows of rowsOf(this.file, form, faults, (bytes) => { done = bytes; })) {
      for (const [line, cells] of rows) {
        let bad = null, missing = null;
        const numbers = places.map((place, i) => {
          const number = numberOf(cells[place], marks[i]);
          if (number === null) {
            bad ??= `'${cells[place]}' in column '${columns[i]}' is no number` +
              ({ ",": " with a decimal comma", ".": " with a decimal point" }[marks[i]] ?? "");
          } else if (Number.isNaN(number)) missing ??= `no value in column '${columns[i]}'`;
          return number;
        });
        const time = clock.length ? this.#seconds(cells, clock, times, mark) : row / meaning.rateHz;
        row++;
        if (Number.isNaN(time)) {
          const cell = cells[clock[0]];
          if (MISSING.test(cell)) missing ??= `no value in column '${meaning.time[0]}'`;
          else bad ??= `'${cell}' in column '${meaning.time[0]}' is no time`;
        }
        if (bad || missing) {
          faults.add(bad ? "unreadable" : "missing", line, bad ?? missing);
          continue;
        }
        seconds.push(time);
        sums.forEach((parts, d) => {
          values[d].push(factors[d] * parts.reduce((sum, part) => sum + numbers[part], 0));
        });
      }
      if (performance.now() > due) {
        if (!await breathe(done / this.file.size)) return false;
        due = performance.now() + SLICE_MS;
      }
    }
    faults.check(this.name);
    if (!seconds.length) {
      throw new Error(`${this.name}: none of ${faults.rows.toLocaleString("en")} rows holds a time and a ` +
        `number in each of ${columns.join(", ")}; name other columns (--columns), or another form of the ` +
        `time than ${meaning.timeUnit} (--time-unit)`);
    }
    this.notes = faults.lines();
    if (!await breathe(1)) return false;
    const typed = values.map((column) => Float64Array.from(column));
    this.naming(() => this.#inOrder(Float64Array.from(seconds), typed, times));
    return breathe(1);
  }

  #seconds(cells, clock, times, mark) {
    if (clock.length > 1) return times.next(clock.map((place) => cells[place]).join(" "));
    const cell = cells[clock[0]];
    return times.next(times.form in SECONDS && mark === "," ? cell.replace(",", ".") : cell);
  }

  #inOrder(seconds, columns, times) {
    const { meaning } = this;
    if (!meaning.time.length) {
      this.origin = meaning.starts ?? { seconds: 0 };
      this.rateHz = meaning.rateHz;
      this.sessions = [{ times: seconds, columns }];
      return;
    }
    const order = new Order(seconds, columns), pace = paceOf(order, meaning.timeUnit);
    const mended = mendTimes(order, pace);
    this.origin = times.origin;
    this.rateHz = pace.rateHz;
    this.sessions = mended.sessions.map(({ times: own, rows }) => (
      { times: own, columns: columns.map((column) => Float64Array.from(rows, (row) => column[row])) }));
    this.notes.push(...pace.notes, ...mended.notes);
    const note = !meaning.program && !this.told &&
      ambiguity(meaning.timeUnit, cellsOf(this.form, meaning.time[0]));
    if (note) this.notes.push(note);
  }

  get options() {
    return optionsOf(this.meaning);
  }

  get timeForm() {
    return this.meaning.time.length ? this.meaning.timeUnit : "";
  }

  /** Return the units of the channels in the file. */
  fileUnits() {
    return this.channels.map(({ name }) => this.meaning.units[name]);
  }

  /** Return lines for a user: program, the equivalent options, and the first three rows. */
  understood() {
    const { meaning, form, channels } = this;
    const by = meaning.program ? `written by ${meaning.program}; ` : "";
    const count = Math.min(3, form.sample.length);
    const columns = channels.map(({ name, unit }) => {
      const factor = unitFactor(meaning.units[name], unit);
      return meaning.columns[name].map((column) => numbersOf(form, column).slice(0, count))
        .reduce((sum, more) => sum.map((value, i) => value + more[i]))
        .map((value) => value * factor);
    });
    const times = Array.from({ length: count }, (_, row) => meaning.time.length
      ? meaning.time.map((name) => cellsOf(form, name)[row]).join(" ") : (row / meaning.rateHz).toFixed(3));
    return [`${this.name}: ${by}read as ${optionsOf(meaning)}`, ...rowsShown(times, columns, channels)];
  }
}

/** Return lines of rows for a user, with a line of names above them. */
function rowsShown(times, columns, channels) {
  const rows = [["time", ...channels.map(({ name, unit }) => `${name} (${unit})`)],
    ...times.map((time, row) => [time, ...columns.map((column) => general(column[row], 4))])];
  const widths = rows[0].map((_, k) => Math.max(...rows.map((cells) => cells[k].length)));
  return rows.map((cells) => `  ${cells.map((cell, k) => cell.padStart(widths[k])).join("  ")}`);
}

const baseName = (path) => path.slice(path.lastIndexOf("/") + 1);

/**
 * Return the recording of some files: {understood(), fileUnits(), options, async read(breathe)}, and
 * after reading {sessions, origin, rateHz, notes}. An Error says what is wrong.
 */
async function openRecording(files, channels, given = NOTHING_GIVEN) {
  const found = await unpack(files);
  if (!found.length) throw new Error(`${files[0].name} holds no file that is not hidden`);
  if (found.length > 1) return openJoined(found, channels, given);
  const [file] = found, form = readForm(await headOf(file), baseName(file.name));
  return new FileRecording(file, form, channels, given);
}

/** Yield the parts of sessions between pauses longer than `LARGEST_GAP_S`. */
function* partsOf(sessions) {
  for (const { times, columns } of sessions) {
    for (let first = 0, i = 1; i <= times.length; i++) {
      if (i < times.length && times[i] - times[i - 1] <= LARGEST_GAP_S) continue;
      yield { times: times.subarray(first, i), columns: columns.map((column) => column.subarray(first, i)) };
      first = i;
    }
  }
}

/** Return a time of the recording as its file has it. */
function timeText(seconds, origin = { seconds: 0 }) {
  if (origin.date === undefined) return (seconds + origin.seconds).toFixed(3);
  const ms = Math.round(1000 * (origin.fraction + seconds));
  const whole = Math.floor(ms / 1000);
  return dateText({ date: origin.date + whole, fraction: ms / 1000 - whole, offset: origin.offset }, 3, "T");
}
