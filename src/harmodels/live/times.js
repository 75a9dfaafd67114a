"use strict";
// Forms of the time in a file, and its cells as seconds: a port of data/reading/times.py.

const SECONDS = { s: 1, ms: 1e-3, us: 1e-6, ns: 1e-9 };
const DAY_S = 86400;
const EPOCH_S = [978307200, 4133980800]; // 2001 to 2101, in seconds since 1970
const TYPICAL_HZ = 50; // of several units, the one is taken whose rate is nearest
const POSSIBLE_HZ = [0.3, 10000]; // of rows, by a unit that the column's name says
const DAYS_EXCEL = [36526, 73051], DAYS_MATLAB = [730486, 767011]; // 2000 to 2100
const UNIX_EXCEL = 25569, UNIX_MATLAB = 719529; // 1970 in such days
const NAMED = {
  ns: "ns|nsec|nano|nanos|nanoseconds?", us: "us|usec|µs|μs|micro|micros|microseconds?",
  ms: "ms|msec|millis?|milliseconds?", s: "s|secs?|seconds?",
};
const DATE = "(?:(?<weekday>[A-Za-z]{3,9}),? +)?" +
  "(?<one>\\d{1,4}|[A-Za-z]{3,9}\\.?)(?<gap>[-/. ])(?<two>\\d{1,2}|[A-Za-z]{3,9}\\.?)" +
  "(?<gap2>,? |[-/.])(?<three>\\d{2,4})";
const CLOCK = "(?<hour>\\d{1,2})(?<minutes>:\\d{2})(?<seconds>:\\d{2})?(?<fraction>[.,:]\\d{1,9})?" +
  "(?<half> ?[AaPp]\\.?[Mm]\\.?)?(?<zone> ?(?:Z|UTC|(?:GMT|UTC)?[+-]\\d{2}:?\\d{2}))?";
const STAMP = new RegExp(`^(?:${DATE})(?:(?<between>,? +|T|_)(?:${CLOCK}))?$`);
const TIME_OF_DAY = new RegExp(`^${CLOCK}$`);
const MINUTES = /^\d{1,2}:\d{2}[.,]\d{1,9}$/; // as a spreadsheet shows a time of the day
const ISO =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/;
const COMPACT = /^(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])([ T_]?)\d{6}(\.?\d{3}|\.\d{1,9})?$/;
const NARROW = "\u202f"; // the blank that browsers write before AM and PM
const LONG = { 60: "min|mins|minutes?", 3600: "h|hrs?|hours?" };
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const CODES = { // of strptime
  Y: "\\d{4}", y: "\\d{2}", m: "\\d{1,2}", d: "\\d{1,2}", b: "[A-Za-z]{3}\\.?", B: "[A-Za-z]{3,9}",
  H: "\\d{1,2}", I: "\\d{1,2}", M: "\\d{1,2}", S: "\\d{1,2}", f: "\\d{1,9}", p: "[AaPp]\\.?[Mm]\\.?",
  z: "Z|UTC|[+-]\\d{2}:?\\d{2}", a: "[A-Za-z]{3}", A: "[A-Za-z]{3,9}",
};

/**
 * Return the form of times, from the first cells of their column and its name: `s`, `ms`, `us`,
 * `ns`, `days`, `iso`, or a pattern of strptime.
 */
function timeForm(cells, name = "") {
  const filled = cells.filter((cell) => cell).map((cell) => cell.replaceAll(NARROW, " "));
  if (!filled.length) throw new Error(`the column '${name}' holds no time`);
  const compact = mostOf(COMPACT, filled);
  if (compact) return `%Y%m%d${compact[1]}%H%M%S${compact[2] ? compact[2].replace(/\d+/, "%f") : ""}`;
  const numbers = filled.map(plainNumber);
  const known = numbers.filter(Number.isFinite);
  if (known.length > 0.5 * numbers.length) return unitOf(known, name);
  if (mostOf(ISO, filled)) return "iso";
  if (mostOf(MINUTES, filled)) return "%M:%S.%f";
  const time = mostOf(TIME_OF_DAY, filled);
  if (time) return clockPattern(time.groups);
  const stamp = mostOf(STAMP, filled), pattern = stamp && stampPattern(stamp, filled);
  if (!pattern) throw new Error(`no form of the time is known that fits '${filled[0]}'`);
  return pattern;
}

/** Return a sentence where the day and the month of dates can be taken otherwise, or nothing. */
function ambiguity(form, cells) {
  const match = form.match(/^%([dm])([-/. ])%([dm])/);
  const dates = cells.map((cell) => cell.match(/^(\d+)[-/. ](\d+)/)).filter(Boolean);
  if (!match || dates.some(([, one, other]) => Math.max(one, other) > 12)) return "";
  const shown = dates.find(([, one, other]) => Number(one) !== Number(other))?.input;
  if (!shown) return "";
  const swapped = `%${match[3]}${match[2]}%${match[1]}${form.slice(match[0].length)}`;
  const stamps = [form, swapped].map((each) => shown.match(strptime(each)))
    .map((parts) => parts && stampOf(parts.groups));
  if (stamps.includes(null)) return "";
  const days = stamps.map(({ seconds }) => {
    const date = new Date(1000 * seconds);
    const month = date.toLocaleString("en", { month: "long", timeZone: "UTC" });
    return [`${date.getUTCDate()} ${month}`, date.getUTCFullYear()];
  });
  return `${shown} is taken as ${days[0][0]} ${days[0][1]}; if it is ${days[1][0]}, say ` +
    `--time-unit '${swapped}'`;
}

/** Return the longest match where most of the cells match as a whole. */
function mostOf(pattern, cells) {
  const found = cells.map((cell) => cell.match(pattern)).filter(Boolean);
  if (2 * found.length <= cells.length) return null;
  return found.reduce((best, match) => match[0].length > best[0].length ? match : best);
}

const plainNumber = (cell) => cell === "" ? NaN
  : Number(/^[+-]?\d+,\d+$/.test(cell) ? cell.replace(",", ".") : cell);

function unitOf(numbers, name) {
  const size = Math.abs(numbers[0]);
  const steps = numbers.slice(1).map((number, i) => Math.abs(number - numbers[i]));
  const moving = steps.filter((step) => step > 0), usual = moving.length ? median(moving) : NaN;
  const span = steps.reduce((sum, step) => sum + Math.min(step, 20 * usual), 0); // pauses apart
  const rows = span > 0 ? steps.length / span : NaN; // rows by one of the unknown unit
  const between = (value, [low, high]) => low <= value && value <= high;
  for (const days of [DAYS_EXCEL, DAYS_MATLAB]) {
    if (between(size, days) && between(rows / DAY_S, [1, POSSIBLE_HZ[1]])) return "days";
  }
  const units = Object.keys(SECONDS), rate = (unit) => rows / SECONDS[unit];
  const possible = (unit) => Number.isNaN(rows) || between(rate(unit), POSSIBLE_HZ);
  const words = ` ${name.replace(/([a-z])([A-Z])/g, "$1 $2").split(/[^\p{L}]+/u).join(" ").toLowerCase()} `;
  const far = (unit) => Math.abs(Math.log(rate(unit) / TYPICAL_HZ));
  const isNamed = (pattern) => new RegExp(` (?:${pattern}) `).test(words);
  const long = Object.keys(LONG).find(
    (size) => isNamed(LONG[size]) && between(rows / size, [5, POSSIBLE_HZ[1]]));
  if (long) {
    throw new Error(`the column '${name}' counts in units of ${long} s, which are not read; say the ` +
      `samples a second in its place (--rate ${general(rows / long, 4)})`);
  }
  return Object.keys(NAMED).find((unit) => isNamed(NAMED[unit]) && possible(unit)) ??
    units.find((unit) => between(size * SECONDS[unit], EPOCH_S) && possible(unit)) ??
    (Number.isNaN(rows) ? "s" : units.reduce((best, unit) => far(unit) < far(best) ? unit : best));
}

function clockPattern({ half, seconds, fraction, zone }) {
  const parts = [half ? "%I" : "%H", "%M", ...(seconds ? ["%S"] : [])];
  return parts.join(":") + (fraction ? `${fraction[0]}%f` : "") +
    (half ? `${half.startsWith(" ") ? " " : ""}%p` : "") +
    (zone ?? "").replace(/Z|UTC$|[+-].*/, "%z");
}

const monthCode = (word) => word.replace(/\.$/, "").length === 3 ? "%b" : "%B";
const isDigits = (text) => /^\d+$/.test(text);

function stampPattern({ 0: text, groups: stamp }, cells) {
  const order = dateOrder(stamp, cells), word = stamp.weekday ?? "";
  if (!order) return null;
  const weekday = word && (word.length === 3 ? "%a" : "%A") + text.slice(word.length).match(/^,? +/)[0];
  const date = weekday + order[0] + stamp.gap + order[1] + stamp.gap2 + order[2];
  return stamp.between === undefined ? date : date + stamp.between + clockPattern(stamp);
}

/** Return the codes of day, month and year: of 01/05/2024 the first is the day, or numbers tell. */
function dateOrder({ one, two, three, half }, cells) {
  const year = three.length === 4 ? "%Y" : "%y";
  if (one.length === 4 && isDigits(one)) return ["%Y", isDigits(two) ? "%m" : monthCode(two), "%d"];
  if (!isDigits(one)) return [monthCode(one), "%d", year];
  if (!isDigits(two)) return ["%d", monthCode(two), year];
  const every = cells.map((cell) => cell.match(STAMP)?.groups).filter(Boolean);
  const largest = (part) => Math.max(...every.map((each) => each[part]).filter(isDigits).map(Number));
  const first = largest("one"), second = largest("two");
  if (first > 12 && second > 12) return Number(two) <= 12 ? ["%y", "%m", "%d"] : null;
  if (first > 31) return ["%y", "%m", "%d"]; // a year of two digits
  return second > 12 || (first <= 12 && half) ? ["%m", "%d", year] : ["%d", "%m", year];
}

/** Return the regular expression of a pattern of strptime; a fraction of the second may be absent. */
function strptime(form) {
  const loose = form.includes("%f") ? form.replace(/(%S)([^%]?)%f/, "$1\u0001$2\u0002")
    : form.replace("%S", "%S\u0001.\u0002");
  const body = loose.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
    .replace(/%([A-Za-z])/g, (_, code) => `(?<${code}>${CODES[code] ?? "[^]*?"})`)
    .replace("\u0001", "(?:").replace("\u0002", `(?<f>${CODES.f}))?`);
  return new RegExp(`^${body}$`);
}

/** Return {seconds, fraction, offset} of parts of a date: since 1970 in UTC, and minutes of the zone. */
function stampOf({ Y, y, m, d, b, B, H, I, M, S, f, p, z }) {
  const year = Y ? Number(Y) : y ? Number(y) + (Number(y) < 69 ? 2000 : 1900) : 1900;
  const word = (b ?? B)?.toLowerCase().slice(0, 3);
  const month = word ? MONTHS.indexOf(word) : Number(m ?? 1) - 1;
  const hour = I ? Number(I) % 12 + (/^p/i.test(p) ? 12 : 0) : Number(H ?? 0);
  const zone = z?.match(/([+-])(\d{2}):?(\d{2})?/);
  const offset = z ? (zone ? Number(`${zone[1]}1`) * (60 * zone[2] + Number(zone[3] ?? 0)) : 0) : null;
  const day = Number(d ?? 1), minute = Number(M ?? 0), second = Number(S ?? 0);
  const ms = Date.UTC(year, month, day, hour, minute, second);
  if (month < 0 || new Date(Date.UTC(year, month, day)).getUTCDate() !== day || hour > 23 ||
    minute > 59 || second > 59) return null;
  return { seconds: ms / 1000 - 60 * (offset ?? 0), fraction: Number(`0.${f ?? 0}`), offset };
}

/** Cells of the time as seconds since the first one; `origin` is the first as the file has it. */
class Times {
  constructor(form) {
    if (!(form in SECONDS) && form !== "days" && form !== "iso" && !form.includes("%")) {
      throw new Error(`--time-unit ${form}: it is one of s, ms, us, ns, iso, or a pattern of strptime`);
    }
    Object.assign(this, { form, origin: null, first: null, last: 0, added: 0, period: 0 });
    if (form.includes("%")) {
      this.pattern = strptime(form);
      if (!/%[djDF]/.test(form)) this.period = /%[HI]/.test(form) ? DAY_S : 3600;
    }
  }

  /** Return the seconds of a cell; NaN where it is no time. */
  next(cell) {
    const stamp = this.form in SECONDS || this.form === "days" ? this.#number(cell) : this.#date(cell);
    if (!stamp) return NaN;
    this.first ??= stamp;
    if (!this.origin) this.#setOrigin(stamp);
    const seconds = stamp.seconds - this.first.seconds + (stamp.fraction - this.first.fraction);
    if (!this.period) return seconds;
    if (seconds - this.last < -this.period / 2) this.added += this.period; // past midnight
    this.last = seconds;
    return seconds + this.added;
  }

  #setOrigin(stamp) {
    if (this.period) {
      this.origin = { seconds: ((stamp.seconds % DAY_S) + DAY_S) % DAY_S + stamp.fraction };
    } else if (this.form in SECONDS) {
      this.origin = { seconds: stamp.seconds + stamp.fraction };
    } else {
      this.origin = { date: stamp.seconds, fraction: stamp.fraction, offset: stamp.offset };
    }
  }

  // Nanoseconds since 1970 have more digits than a double: those above 10⁹ are apart.
  #number(cell) {
    const number = plainNumber(cell), size = SECONDS[this.form] ?? DAY_S;
    if (!Number.isFinite(number)) return null;
    if (this.form === "days") {
      const seconds = (number - (number < DAYS_MATLAB[0] ? UNIX_EXCEL : UNIX_MATLAB)) * DAY_S;
      return { seconds, fraction: 0, offset: null };
    }
    const digits = cell.match(/^\+?(\d+)(\d{9})$/);
    if (digits && this.form !== "s") {
      return { seconds: Number(digits[1]) * (1e9 * size), fraction: Number(digits[2]) * size };
    }
    return { seconds: number * size, fraction: 0 };
  }

  #date(cell) {
    if (this.form !== "iso") {
      const parts = cell.replaceAll(NARROW, " ").match(this.pattern);
      return parts && stampOf(parts.groups);
    }
    const parts = cell.match(ISO);
    if (!parts) return null;
    const [, Y, m, d, H, M, S, f, z] = parts;
    return stampOf({ Y, m, d, H, M, S, f, z });
  }
}

const two = (value) => String(value).padStart(2, "0");

/** Return a time of the clock with its zone, if it has one: as Python's str(Timestamp). */
function dateText({ date, fraction, offset }, digits, between = " ") {
  const local = new Date(1000 * (date + 60 * (offset ?? 0)));
  const zone = offset === null ? ""
    : `${offset < 0 ? "-" : "+"}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  const rest = digits === undefined ? fraction ? fraction.toFixed(9).slice(1).replace(/000$/, "") : ""
    : fraction.toFixed(digits).slice(1);
  return local.toISOString().slice(0, 19).replace("T", between) + rest + zone;
}

/** Return the time of the first sample as the file has it. */
function originText(origin) {
  if (origin.date !== undefined) return dateText(origin);
  return Number.isInteger(origin.seconds) ? origin.seconds.toFixed(1) : String(origin.seconds);
}
