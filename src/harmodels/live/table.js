"use strict";
// Rows of a table, and their cells as numbers: a port of data/reading/table.py.

const UNREADABLE = 0.01; // share of the rows above which a file is refused
const NAMED_ROWS = 3; // rows of a kind that messages name
const PLAIN = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Return a number; NaN where the cell is missing, null where it is no number. */
function numberOf(cell, mark = ".") {
  if (mark !== "," && PLAIN.test(cell)) return Number(cell);
  if (MISSING.test(cell)) return NaN;
  let plain = cell.replace("−", "-");
  if (mark === "" && COMMA.test(plain) && !THOUSANDS.test(plain)) plain = plain.replace(",", ".");
  const [own, other] = mark === "," ? [",", "."] : [".", ","];
  const thousands = new RegExp(
    `^[+-]?\\d{1,3}(([${other}]\\d{3})+[${own}]\\d*|([${other}]\\d{3}){2,})$`);
  if (thousands.test(plain)) plain = plain.replaceAll(other, "");
  if (mark === ",") plain = plain.replaceAll(".", "?").replace(",", ".");
  return PLAIN.test(plain) ? Number(plain) : null;
}

/** Return the decimal mark of each column that its first rows show. */
function marksOf(form, columns) {
  const usual = decimalMark(form.sample, form.separator);
  return columns.map((name) => columnMark(form.sample.map((row) => row[form.names.indexOf(name)])) || usual);
}

const counted = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

/** Rows that were left out: those that lack a value, and those that cannot be read. */
class Faults {
  constructor() {
    Object.assign(this, { rows: 0, missing: [], unreadable: [], counts: { missing: 0, unreadable: 0 } });
  }

  add(kind, line, why) {
    this.counts[kind]++;
    if (this[kind].length < NAMED_ROWS) this[kind].push(`line ${line}: ${why}`);
  }

  #named(kind) {
    const more = this.counts[kind] - this[kind].length;
    return this[kind].join("; ") + (more ? `; and ${more.toLocaleString("en")} more` : "");
  }

  check(name) {
    const { unreadable } = this.counts;
    if (unreadable <= Math.max(1, UNREADABLE * this.rows)) return;
    throw new Error(`${name}: ${unreadable.toLocaleString("en")} of ${counted(this.rows, "row")} cannot ` +
      `be read: ${this.#named("unreadable")}; mend or remove these rows, or name another column`);
  }

  lines() {
    const { missing } = this.counts;
    const whys = { unreadable: "cannot be read", missing: missing === 1 ? "lacks a value" : "lack a value" };
    return Object.entries(whys).filter(([kind]) => this.counts[kind]).map(([kind, why]) =>
      `${counted(this.counts[kind], "row")} that ${why} left out: ${this.#named(kind)}`);
  }
}

const bare = (line) => /[\r\0]$/.test(line) ? line.replace(/[\r\0]+$/, "") : line;

/** Yield [line, cells] of the rows of a table in slices; those of another length are left out. */
async function* rowsOf(file, form, faults, onBytes = () => {}) {
  let rest = "", waiting = [], line = form.above, skipped = form.above;
  const rowsIn = (complete) => {
    if (skipped) {
      const gone = Math.min(skipped, waiting.length);
      waiting = waiting.slice(gone);
      skipped -= gone;
    }
    const { rows, used } = splitRows(waiting, form.separator, complete), found = [];
    for (const [at, text] of rows) {
      const stripped = text.trim();
      if (!stripped || (form.comments && COMMENT.test(stripped))) continue;
      const cells = splitCells(text, form.separator);
      if (form.head.length && form.head.includes(cells.join("\0"))) continue; // the header again
      faults.rows++;
      if (cells.length < form.names.length || cells.slice(form.names.length).some((cell) => cell)) {
        faults.add("unreadable", line + at + 1, `${counted(cells.length, "cell")}, not ${form.names.length}`);
      } else found.push([line + at + 1, cells]);
    }
    line += used;
    waiting = waiting.slice(used);
    return found;
  };
  for await (const text of textOf(file, form.encoding, onBytes)) {
    const lines = (rest + text).split(form.lineEnd);
    rest = lines.pop();
    waiting = waiting.concat(lines.map(bare));
    yield rowsIn(false);
  }
  if (bare(rest)) waiting.push(bare(rest));
  yield rowsIn(true);
}
