"use strict";
// Units, and which sensors a file holds: a port of data/units.py and data/reading/programs.py.
// RULES, written by page.py, holds programs.json, units and limits as Python has them.

const AXES = ["x", "y", "z"];
const TIME_UNITS = ["s", "sec", "seconds", "ms", "msec", "us", "µs", "ns"];
const ENDING = /_(m_?g|g|m_?s2|m_s_2|mps2|rad_?s|rads|deg_?s|dps)$/;
const TELLING = { g: [0.8, 1.2], "m/s2": [7.85, 11.77] }; // sizes of gravity that tell a unit

/** Return a unit that is written in any of its spellings, or null. */
function knownUnit(text) {
  let plain = text.normalize("NFKC").toLowerCase();
  for (const [own, ascii] of [["μ", "u"], ["−", "-"], ["°", "deg"], ["seconds", "s"]]) {
    plain = plain.replaceAll(own, ascii);
  }
  plain = plain.replace(/[\s^*·()]/g, "").replace(/second|sec/g, "s");
  if (/^m\/s[^ -~]+2?$/.test(plain)) plain = "m/s2"; // the ² of another encoding
  return Object.hasOwn(RULES.spellings, plain) ? RULES.spellings[plain] : null;
}

/** Return the unit in `[-][number/]unit`, and how many of its steps, with sign, are one. */
function unitParts(text) {
  const found = text.trim().replace("−", "-").match(
    /^(-)?(?:((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\/)?(.+)$/is);
  if (!found) return [text, 1];
  const steps = Number(found[2] ?? 1) * (found[1] ? -1 : 1);
  if (!steps) throw new Error(`${text}: no steps cannot be one ${found[3]}`);
  return [found[3].trim(), steps];
}

/** Return what values in `unit` are multiplied with to be in `wanted`. */
function unitFactor(unit, wanted) {
  if (unit === wanted) return 1;
  const [own, steps] = unitParts(unit);
  if (own === wanted) return 1 / steps;
  const [known, goal] = [own, wanted].map(knownUnit);
  if (!known || !goal) {
    throw new Error(`unknown unit '${known ? wanted : own}'; known are ` +
      Object.keys(RULES.units).join(", "));
  }
  const [meaning, size] = RULES.units[known], [other, wantedSize] = RULES.units[goal];
  if (meaning !== other) throw new Error(`${own} measures ${meaning}, but ${wanted} measures ${other}`);
  return size / wantedSize / steps;
}

/** Return a name in lower case with `_` between words, and the unit that was in it. */
function plainName(text) {
  let unit = "", name = text;
  for (const [whole, bracket] of text.matchAll(/[([]((?:[^()[\]]|\([^()]*\))*)[)\]]/g)) {
    const known = knownUnit(bracket) ?? (TIME_UNITS.includes(bracket.trim()) ? bracket.trim() : null);
    if (known) {
      unit = known;
      name = name.replace(whole, " ");
    }
  }
  let plain = name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, "_").toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "_").replace(/^_+|_+$/g, "");
  const ending = plain.match(ENDING);
  if (ending && !unit) {
    const spelled = ending[1].replaceAll("_", "");
    unit = { ms2: "m/s2", rads: "rad/s", degs: "deg/s" }[spelled] ?? knownUnit(spelled) ?? "";
    plain = plain.slice(0, ending.index);
  }
  return [plain, unit];
}

/** Return the `sensor axis` of a channel of a model, or null where its name does not say it. */
function sensorOf(channel) {
  for (const rule of RULES.unknown.sensors) {
    const found = rule.file ? null : plainName(channel)[0].match(new RegExp(rule.columns));
    if (found) return rule.is === "other" ? null : `${rule.is} ${found[1]}`;
  }
  return null;
}

const matches = (pattern, text) => text.match(new RegExp(pattern, "i"));
const columnOf = (form, pattern) => form.names.find((name) => matches(pattern, name));
const cellsOf = (form, name) => {
  const at = form.names.indexOf(name);
  return form.sample.filter((row) => at < row.length).map((row) => row[at]);
};
const numbersOf = (form, name) => cellsOf(form, name).map(
  (cell) => cell ? Number(cell.replaceAll(",", ".").replaceAll("−", "-")) : NaN);

/** Return what the groups of a pattern find above the header, joined by blanks. */
function fromPreamble(form, pattern) {
  return (pattern && matches(pattern, form.preamble.join("\n"))?.slice(1).join(" ")) || null;
}

/** Return whether a file is of a program. */
function isOf(form, entry) {
  if ((entry.header ?? form.header) !== form.header) return false;
  if (entry.preamble && !matches(entry.preamble, form.preamble.join("\n"))) return false;
  if (!(entry.columns ?? []).every((pattern) => columnOf(form, pattern))) return false;
  return Object.entries(entry.cells ?? {}).every(([pattern, wanted]) => {
    const column = columnOf(form, pattern), first = column && cellsOf(form, column)[0];
    return first !== undefined && matches(wanted, first);
  });
}

/**
 * Return the sensors of a file of this form and name: its `entry` in programs.json, or {}; `axes`,
 * {column, unit} by sensor and axis, and `several`, columns that may be the same, likewise.
 */
function findSensors(form, file) {
  const entry = RULES.programs.find((each) => isOf(form, each)) ?? {};
  const [found, used] = findBy(form, file, entry);
  return used.size || !entry.name ? found : findBy(form, file, {})[0];
}

/** Return the sensors by the rules of a program, or of none, and the columns that these know. */
function findBy(form, file, entry) {
  const known = Boolean(entry.name);
  const found = { program: entry.name ?? "", entry, axes: {}, several: {} }, used = new Set();
  let rules = entry.sensors ?? RULES.unknown.sensors;
  if (known) rules = [...rules.filter((rule) => rule.file), ...rules.filter((rule) => !rule.file)];
  for (const rule of rules) {
    if (rule.file && !matches(rule.file, file)) continue;
    const matching = {};
    for (const name of form.names) {
      const again = name.replace(/\.\d+$/, ""); // of a name that columns share
      const own = form.names.includes(again) ? again : name;
      const match = matches(rule.columns, known ? own : plainName(own)[0]);
      if (!match || used.has(name) || !numbersOf(form, name).some(Number.isFinite)) continue;
      if (rule.is === "other") used.add(name);
      else {
        const axis = AXES[(rule.axes ?? "xyz").indexOf(match[1].toLowerCase())];
        const turns = RULES.units[saidUnit(form, name)]?.[0] === "angular velocity";
        (matching[`${rule.is === "acc" && turns ? "gyro" : rule.is} ${axis}`] ??= []).push(name);
      }
    }
    for (const [key, columns] of Object.entries(matching)) {
      columns.forEach((name) => used.add(name));
      if (found.axes[key] || found.several[key]) continue;
      if (columns.length > 1) found.several[key] = columns;
      else {
        const unit = ruledUnit(saidUnit(form, columns[0]), rule.unit ?? "");
        found.axes[key] = { column: columns[0], unit, rank: rules.indexOf(rule) };
      }
    }
  }
  return [found, used];
}

/** Return the unit of a sensor that a column's name or the row of units says, or nothing. */
function saidUnit(form, name) {
  return knownUnit(plainName(name)[1] || (form.units[form.names.indexOf(name)] ?? "")) ?? "";
}

/** Return the unit in a file with the sign of its program, or the program's with its steps. */
function ruledUnit(said, ruled) {
  if (!said || !ruled) return said || ruled;
  const steps = unitParts(ruled)[1];
  return Math.abs(steps) !== 1 ? ruled : `${steps < 0 ? "-" : ""}${said}`;
}

/** Return the unit in which the first rows of an acceleration are of the size of gravity. */
function judgedUnit(form, columns) {
  const axes = columns.map((names) => names.map((name) => numbersOf(form, name))
    .reduce((sum, more) => sum.map((value, i) => value + more[i])));
  const rows = axes[0].map((_, i) => axes.map((axis) => axis[i])).filter((row) => row.every(Number.isFinite));
  if (!rows.length) return "";
  const size = median(rows.map((row) => Math.hypot(...row)));
  const mean = Math.hypot(...axes.map((_, d) => sumOf(rows, (row) => row[d]) / rows.length));
  if (mean < size / 2) return ""; // what is left of motion alone, without gravity, is no direction
  return Object.keys(TELLING).find((unit) => TELLING[unit][0] < size && size < TELLING[unit][1]) ?? "";
}

/** Return what may be the time, the best first: a column, or date and time of the day. */
function timeColumns(form, entry) {
  if (entry.name) {
    return (entry.time ?? []).map((pattern) => columnOf(form, pattern)).filter(Boolean).map((name) => [name]);
  }
  const known = RULES.unknown, first = (name) => cellsOf(form, name)[0] ?? "";
  const named = (pattern) => form.names.filter((name) => plainName(name)[0].match(new RegExp(pattern)));
  const dates = named(known.date), days = named(known.time_of_day), found = [];
  if (dates.length === 1 && days.length === 1 &&
    !first(dates[0]).includes(":") && first(days[0]).includes(":")) {
    found.push([dates[0], days[0]]);
  }
  // seconds beside hours and minutes are no time alone
  const parts = named(known.parts_of_time).length > 0;
  for (const pattern of known.time.slice(0, parts ? -1 : undefined)) {
    found.push(...named(pattern).map((name) => [name]));
  }
  // dates under any name; numbers under any name may be anything
  found.push(...form.names.filter((name) => /\d[-/. ].*\d:\d/.test(first(name))).map((name) => [name]));
  return found;
}

/** Return the form of the times in these columns. */
function formOfTime(form, entry, names) {
  const own = (entry.time ?? []).slice(0, 1).map((pattern) => columnOf(form, pattern));
  if (entry.form && String(names) === String(own)) return entry.form;
  const columns = names.map((name) => cellsOf(form, name));
  const texts = columns[0].map((_, i) => columns.map((cells) => cells[i]).join(" ").trim());
  const read = timeForm(texts, names.join(" ")), order = fromPreamble(form, entry.dates);
  const date = read.match(/^%[dmyY]\W%[dmyY]\W%[dmyY]/)?.[0];
  return order && date ? datePattern(order) + read.slice(date.length) : read;
}

/** Return the time of the first row that a preamble names, as an origin. */
function startOf(form, entry) {
  const text = fromPreamble(form, entry.start);
  if (!text) return null;
  const order = fromPreamble(form, entry.dates);
  if (/^\d{9,10}(\.\d+)?$/.test(text)) return { date: Number(text), fraction: 0, offset: 0 };
  const times = new Times(order ? `%H:%M:%S ${datePattern(order)}` : timeForm([text]));
  times.next(text);
  return times.origin;
}

/** Return the pattern of dates in an order such as M/d/yyyy. */
function datePattern(order) {
  return order.replace(/M+|d+|y+/g, (letters) => ({ M: "%m", d: "%d", y: "%Y" })[letters[0]]);
}
