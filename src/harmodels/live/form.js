"use strict";
// How the text of a table is written, read off its first rows: a port of data/reading/form.py.

const SNIFFED_BYTES = 1 << 16; // that show the encoding
const HEAD_LINES = 2000;
const SAMPLED_ROWS = 200;
const LAST_ROWS = 20; // that tell the number of cells; those above may be a preamble
const LONGEST_ROW = 20; // lines that a row with line breaks in quotes may have
const SEPARATORS = [",", ";", "\t", "|", " "]; // of equal ones the first; " ": any number of blanks
const COMMENT = /^(#|%|\/\/)/;
const MARKUP = /^\s*(\{|\[\s*([[{"]|$)|<[!?a-zA-Z])/;
const MISSING = /^(|nan|na|n\/a|#n\/a|<na>|null|nil|none|nat|-|--|\?|[+-]?inf(inity)?)$/i;
const NUMBER = /^[+-]?(\d+[.,]?\d*|[.,]\d+)(e[+-]?\d+)?$/i;
const GROUPED = /^[+-]?\d{1,3}(?:(?:,\d{3})+\.\d*|(?:\.\d{3})+,\d*)$/; // 1.234,5
const TIME = /^\d{1,4}[-/.:](\d{1,2}|[a-z]{3,9})[-/.: ][\dT][^,;|\t]*(,\d{1,9})?$/i;

const COMMA = /^[+-]?(\d+,\d*|,\d+)(e[+-]?\d+)?$/i;
const POINT = /^[+-]?(\d+\.\d*|\.\d+)(e[+-]?\d+)?$/i;
const THOUSANDS = /^[+-]?[1-9]\d{0,2}[.,]\d{3}$/; // 9,806 may be either
const UNIT = new RegExp("^(s|sec|secs|seconds?|[mnuµμ]s|[mun]?secs?|[mu]?g|gs?|" +
  "[mc]?m */ *\\(?s(ec)?(2|²|\\^2|\\*\\*2)?\\)?|m[ ·.*]s(-2|\\^-2|⁻²)|" +
  "(rad|deg|degrees|°|º) */ *s(ec)?|dps|rad|deg|degrees|°|º|°? *c|[nuµμ]?t(esla)?|gauss|" +
  "[hk]?pa|m?bar|lux|lx|%|[mk]?v(olts?)?|[mu]?a|m|km|m/s|km/h|hz|bpm|db|" +
  "no[ _]units?|unitless|none|raw|cal|uncal|iso|n/?a|-|counts?|lsb)$", "i");

const isValue = (cell) => NUMBER.test(cell) || GROUPED.test(cell) || TIME.test(cell);
const quotesOf = (text) => text.split('"').length - 1;

/**
 * Return {rows, used}: [first line, text] of each row, and how many of the lines they take.
 *
 * A row goes on where a cell's quotes are open at the end of a line, if they are closed soon; where
 * lines are still to come, it waits for them.
 */
function splitRows(lines, separator, complete = true) {
  const mark = separator === " " ? "\\s" : separator === "|" ? "\\|" : separator;
  const quoted = new RegExp(`(?:^|${mark})\\s*"`), rows = [];
  let start = 0;
  while (start < lines.length) {
    let end = start + 1, text = lines[start];
    if (text.includes('"') && quotesOf(text) % 2 && quoted.test(text)) {
      const limit = Math.min(start + LONGEST_ROW, lines.length);
      let last = start + 1;
      while (last < limit && quotesOf(lines[last]) % 2 === 0) last++;
      if (last < limit) {
        end = last + 1;
        text = lines.slice(start, end).join("\n");
      } else if (!complete && limit === lines.length) break;
    }
    rows.push([start, text]);
    start = end;
  }
  return { rows, used: start };
}

/** Return the cells of a row, without blanks around them. */
function splitCells(text, separator) {
  const line = separator === " " ? text.trim().replace(/\s+/g, " ") : text;
  if (!line.includes('"')) {
    const cells = line.split(separator);
    return /\s/.test(line) ? cells.map((cell) => cell.trim()) : cells;
  }
  const cells = [];
  for (let at = 0; at <= line.length; at++) {
    while (line[at] === " ") at++;
    let cell = "";
    if (line[at] === '"') {
      for (at++; at < line.length; at++) {
        if (line[at] === '"' && line[++at] !== '"') break; // a doubled mark is one of the text
        cell += line[at];
      }
    }
    for (; at < line.length && line[at] !== separator; at++) cell += line[at];
    cells.push(cell.trim());
  }
  return cells;
}

/** Return whether lines that start as comments are some; not where most rows start so. */
function hasComments(lines) {
  const filled = lines.filter((line) => line.trim()).slice(-SAMPLED_ROWS);
  return filled.filter((line) => COMMENT.test(line.trimStart())).length * 2 <= filled.length;
}

/** Return {line, comment, cells} of the rows from a line on; `line` is counted from 0. */
function recordsOf(lines, separator, first = 0) {
  const comments = hasComments(lines);
  const rows = splitRows(lines.slice(first), separator).rows.filter(([, text]) => text.trim());
  return rows.map(([line, text]) => {
    const comment = comments && COMMENT.test(text.trimStart());
    return { line: first + line, comment,
      cells: splitCells(comment ? text.replace(/^[#%/ ]+/, "") : text, separator) };
  });
}

/** Return the number of cells of the last rows that hold most values. */
function widthOf(records) {
  const weights = new Map();
  for (const { cells } of records.slice(-LAST_ROWS)) {
    const weight = 1 + 1000 * cells.filter(isValue).length;
    weights.set(cells.length, (weights.get(cells.length) ?? 0) + weight);
  }
  const better = (one, other) => (one[0] > 1) - (other[0] > 1) || one[1] - other[1];
  return [...weights].reduce((best, one) => better(one, best) > 0 ? one : best, [0, 0])[0];
}

/** Return how well a separator fits: share of values in rows, share of rows, cells of a row. */
function rateSeparator(lines, first, separator) {
  const late = Math.max(first, lines.length - SAMPLED_ROWS);
  const records = recordsOf(lines, separator, late).filter(({ comment }) => !comment);
  const width = widthOf(records);
  const rows = records.filter(({ cells }) => cells.length === width);
  const values = rows.flatMap(({ cells }) => cells)
    .filter((cell) => isValue(cell) || MISSING.test(cell)).length;
  let share = values / Math.max(1, width * rows.length);
  if (separator === " ") share -= 0.2; // which may be within cells
  if (width > 1 && records[0]?.cells.length === width) share += 0.5; // a header of as many names
  const alike = rows.length / Math.max(1, records.length);
  if ((width < 2 && share < 0.5) || (share < 0.1 && alike < 0.5)) return [0, 0, 0];
  return [width > 1 ? Math.round(100 * Math.max(share, 0)) : 0, Math.round(100 * alike), width];
}

/** Return the encoding that the first bytes of a file have. */
function encodingOf(bytes, name) {
  const head = bytes.subarray(0, SNIFFED_BYTES);
  const zeros = [0, 1].map((start) => head.filter((byte, i) => i % 2 === start && !byte).length /
    Math.ceil((head.length - start) / 2));
  if ((head[0] === 0xff && head[1] === 0xfe) || (zeros[1] > 0.4 && zeros[0] < 0.1)) return "utf-16le";
  if ((head[0] === 0xfe && head[1] === 0xff) || (zeros[0] > 0.4 && zeros[1] < 0.1)) return "utf-16be";
  // signs that no text has, of which zeros in a row are one
  const strange = head.filter((byte, i) => byte ? byte < 9 || (byte > 13 && byte < 32) : head[i - 1]);
  const size = head.findLastIndex((byte) => byte) + 1 - Math.max(0, head.findIndex((byte) => byte));
  if (strange.length > 0.01 * size) throw new Error(`${name} is no text; export its table as CSV`);
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true });
    return "utf-8";
  } catch {
    return "windows-1252";
  }
}

/**
 * Return how the table of a file is written: `names` of its columns, separator, decimal mark,
 * encoding, `preamble`, whether there is a `header`, `units` of a row of them, `sample` of the first
 * rows, and what reading needs. An Error says where it is no table.
 */
function readForm(bytes, name) {
  const encoding = encodingOf(bytes, name), whole = bytes.length < HEAD_BYTES;
  const text = new TextDecoder(encoding).decode(bytes, { stream: !whole });
  const lineEnd = text.includes("\n") || !text.slice(0, -1).includes("\r") ? "\n" : "\r";
  const lines = text.split(lineEnd, HEAD_LINES + 1).map((line) => line.replace(/[\r\0]+$/, ""));
  if (lines.length > 2 && (lines.at(-1) === "" || !whole)) lines.pop(); // perhaps a part of one
  if (!lines.some((line) => line.trim())) throw new Error(`${name} is empty; bring a whole copy`);
  if (MARKUP.test(lines[0])) throw new Error(`${name} is JSON or markup, not a table; export it as CSV`);
  const said = lines[0].trim().match(/^"?sep=(.|\\t)"?$/i), first = said ? 1 : 0;
  const known = said?.[1].replace("\\t", "\t");
  let best = [[0, 0, 0], null];
  for (const separator of SEPARATORS.includes(known) ? [known] : SEPARATORS) {
    const rating = rateSeparator(lines, first, separator);
    const change = rating.map((value, i) => value - best[0][i]).find((difference) => difference);
    if (change > 0) best = [rating, separator];
  }
  if (!best[1]) {
    throw new Error(`${name} is no table: its lines have no cells between commas, semicolons, tabs ` +
      `or blanks; it begins with '${lines[0].slice(0, 100)}'`);
  }
  return { ...formOf(name, lines, first, best[1]), encoding, lineEnd };
}

function formOf(name, lines, first, separator) {
  const records = recordsOf(lines, separator, first), plain = records.filter(({ comment }) => !comment);
  const width = widthOf(plain.slice(-SAMPLED_ROWS));
  const body = plain.map(({ cells }) => cells).filter(({ length }) => length === width).slice(-SAMPLED_ROWS);
  const valued = Array.from({ length: width }, (_, k) => k)
    .filter((k) => isValued(body.map((row) => row[k])));
  let start = records.findIndex((record) => isRow(record, width, valued));
  if (!valued.length) start = records.findIndex(({ cells }) => cells.length === width) + 1;
  if (start < 0 || start >= records.length) {
    throw new Error(`${name} holds no rows below its header; bring a whole copy`);
  }
  let sample = records.slice(start).filter(({ comment }) => !comment).slice(0, SAMPLED_ROWS)
    .map(({ cells }) => cells).filter(({ length }) => length === width);
  if (!sample.length) throw new Error(`${name} holds no rows below its header; bring a whole copy`);
  const [header, units] = headerOf(name, separator, records.slice(0, start), width, sample);
  if (!header && startsWithRate(sample)) {
    start += 2;
    sample = sample.slice(2);
  }
  const names = namesOf(header?.cells ?? [], sample), top = (header ?? records[start]).line;
  return {
    names, separator, decimal: decimalMark(sample, separator) === "," ? "," : ".",
    preamble: lines.slice(0, top),
    header: Boolean(header), units: units.at(-1)?.cells.slice(0, names.length) ?? [],
    sample: sample.map((row) => row.slice(0, names.length)), above: records[start].line,
    head: [header, ...units].filter(Boolean).map(({ cells }) => cells.join("\0")),
    comments: hasComments(lines),
  };
}

/** Return whether a column holds numbers or times. */
function isValued(cells) {
  const filled = cells.filter((cell) => !MISSING.test(cell));
  return filled.filter(isValue).length * 2 > filled.length;
}

function isRow({ comment, cells }, width, valued) {
  if (comment || cells.length !== width || !valued.length || isNumbered(cells)) return false;
  const own = valued.map((k) => cells[k]);
  const words = own.filter((cell) => !isValue(cell) && !MISSING.test(cell)).length;
  return words * 2 < own.length && (!words || own.some(isValue));
}

/** Return whether names are 0, 1, 2, …, as pandas writes those of an array. */
function isNumbered(cells) {
  const from = cells[0] === "" ? 1 : 0;
  return cells.length > 2 && cells.slice(from).every((cell, k) => cell === String(k));
}

/** Return cells without the empty ones at their end. */
const trimmed = (cells) => cells.slice(0, cells.findLastIndex((cell) => cell) + 1);

/** Return how many cells of nearly all rows may hold something, without those at their ends. */
function filledIn(sample) {
  const lengths = sample.map((row) => trimmed(row).length).sort((one, other) => one - other);
  return Math.max(1, lengths[Math.floor(0.95 * (lengths.length - 1))]);
}

/** Return the line of names right above the rows, and lines of units below it. */
function headerOf(name, separator, above, width, sample) {
  const filled = filledIn(sample);
  const least = hasRowNumbers(sample) ? filled - 1 : filled, fitting = [], units = [];
  for (const record of above.toReversed()) {
    const { length } = trimmed(record.cells);
    if (length < least || length > width) break;
    fitting.push(record);
  }
  while (fitting.length > 1 && isUnits(fitting[0].cells)) units.unshift(fitting.shift());
  if (fitting.length || above.length !== 1 || above[0].comment || above[0].cells.length < 2) {
    return [fitting[0], units];
  }
  const names = trimmed(above[0].cells).length;
  throw new Error(`${name}, line ${above[0].line + 1}: names ${names} columns, but the rows below have ` +
    `${width} cells; ` + (separator === "," && names < width && width <= 2 * names
    ? "decimal commas look like those between cells: export it with semicolons or tabs, " +
      "or with decimal points" : "mend the line, or remove it"));
}

function isUnits(cells) {
  const filled = cells.filter((cell) => cell).map((cell) => cell.replace(/^[()[\] ]+|[()[\] ]+$/g, ""));
  return filled.length > 0 && 2 * filled.filter((cell) => UNIT.test(cell)).length > filled.length;
}

/** Return whether the first cells count the rows, as R's, which have no name. */
function hasRowNumbers(sample) {
  const numbers = sample.map(([cell]) => isDigits(cell) ? Number(cell) : -1);
  const rising = numbers.filter((number, i) => i && number === numbers[i - 1] + 1).length;
  return numbers.length > 1 && rising > 0.9 * (numbers.length - 1);
}

/** Return whether the first rows are a time since 1970 and a rate, as Empatica's. */
function startsWithRate(sample) {
  if (sample.length < 3 || sample.slice(0, 2).some((row) => new Set(row).size > 1)) return false;
  const [start, rate, value] = sample.map(([cell]) => Number(cell));
  return start > 5e8 && rate > 0 && rate <= 1024 && Math.abs(value) < 5e8;
}

/** Return a name for each column, each once. */
function namesOf(header, sample) {
  const filled = filledIn(sample);
  if (!header.length) return Array.from({ length: filled }, (_, k) => String(k + 1));
  const names = trimmed(header).map((name) => name.split(/\s+/).join(" ")), found = [];
  if (names.length < filled) names.unshift("row");
  names.forEach((name, k) => {
    const own = name || String(k + 1);
    let unique = own;
    for (let again = 1; found.includes(unique) || (again > 1 && names.includes(unique)); again++) {
      unique = `${own}.${again}`;
    }
    found.push(unique);
  });
  return found;
}

/** Return the mark that most columns write before a fraction; empty where none does. */
function decimalMark(rows, separator) {
  const marks = rows[0].map((_, k) => columnMark(rows.map((row) => row[k])));
  const commas = marks.filter((mark) => mark === ",").length;
  const points = marks.filter((mark) => mark === ".").length;
  if (commas || points) return commas >= points ? "," : ".";
  if (separator === ",") return "."; // programs that write decimal commas have other separators
  return rows.flat().some((cell) => COMMA.test(cell)) ? "," : "";
}

/** Return the mark before a fraction that most cells surely have; empty where none is sure. */
function columnMark(cells) {
  let commas = 0, points = 0;
  for (const cell of cells) {
    if (GROUPED.test(cell)) {
      if (cell.lastIndexOf(",") > cell.lastIndexOf(".")) commas++;
      else points++;
    } else if (!THOUSANDS.test(cell)) {
      if (COMMA.test(cell)) commas++;
      else if (POINT.test(cell)) points++;
    }
  }
  return commas > points ? "," : points ? "." : "";
}
