"use strict";
// Which column of a file is what, recognised or given: a port of data/reading/meaning.py.

const csvCell = (value) => /[",\n\r]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : value;
const NOTHING_GIVEN = { columns: {}, units: {}, time_unit: null, rate_hz: null };

const listed = (names, most) => (names.slice(0, most).join(", ") || "none") +
  (names.length > most ? ` and ${names.length - most} more` : "");
const sensorName = (channel) => channel.includes("_") ? channel.slice(0, channel.lastIndexOf("_")) : "";

/**
 * Return {program, columns, units, time, timeUnit, rateHz, starts} of a file: by channel of the
 * model, the names of its columns, of which the values are added, and their unit.
 */
function recognise(form, channels, given = NOTHING_GIVEN, file = "") {
  const found = findSensors(form, file), said = {};
  for (const [name, text] of Object.entries(given.columns)) {
    if (name !== "time") said[channelOf(name, channels)] = text;
  }
  const columns = Object.fromEntries(channels.map(({ name }) => [name,
    name in said ? addedColumns(form, name, said[name]) : columnsOf(form, found, name)]));
  const seen = {};
  for (const [channel, names] of Object.entries(columns)) {
    const other = seen[[...names].sort()] ??= channel;
    if (other !== channel) {
      throw new Error(`${names.join("+")} is given for ${other} and ${channel}; each channel has a ` +
        "column of its own (--columns)");
    }
  }
  const units = unitsOf(form, found, columns, channels, given.units);
  const time = timeOf(form, found.entry, given);
  const starts = time.time.length ? null : startOf(form, found.entry);
  return { program: found.program, columns, units, ...time, starts };
}

/** Return the channel that a user names in full or by the end of its name. */
function channelOf(name, channels) {
  const names = channels.map((channel) => channel.name);
  const matching = names.includes(name) ? [name] : names.filter((other) => other.endsWith(`_${name}`));
  if (matching.length > 1) {
    throw new Error(`--columns ${name}=…: may be ${matching.join(" or ")}; write it in full`);
  }
  if (!matching.length) {
    throw new Error(`--columns: unknown channel '${name}' (known: ${["time", ...names].join(", ")})`);
  }
  return matching[0];
}

/** Return the columns whose sum a user means. */
function addedColumns(form, channel, text) {
  if (form.names.includes(text)) return [text];
  const names = text.split("+").map((part) => part.trim());
  for (const name of names) {
    if (!form.names.includes(name)) {
      throw new Error(`no column '${name}' (known: ${form.names.join(", ")}) (--columns ${channel}=${text})`);
    }
  }
  return names;
}

/** Return the columns of a channel that nobody named. */
function columnsOf(form, found, channel) {
  const key = sensorOf(channel);
  if (key in found.several) {
    const options = found.several[key];
    throw new Error(`${channel} may be ${options.join(" or ")}; say which ` +
      `(--columns ${channel}=${options[0]})`);
  }
  if (key in found.axes) return [found.axes[key].column];
  if (form.names.includes(channel)) return [channel];
  const [sensor, axis] = key?.split(" ") ?? [];
  const parts = ["gravity", "user"].map((part) => found.axes[`${part} ${axis}`]);
  if (sensor === "acc" && parts.every(Boolean)) return parts.map(({ column }) => column);
  throw new Error(notFound(form, found, channel, sensor));
}

function notFound(form, found, channel, sensor) {
  const of = found.program ? ` of ${found.program}` : "";
  const user = Object.keys(found.axes).find((key) => key.startsWith("user "));
  if (sensor === "acc" && user) {
    return `${found.axes[user].column}${of} is acceleration without gravity, and the model reads ` +
      `${channel} with it, which cannot be computed: ` +
      (found.entry.without ?? "give a recording of acceleration with gravity");
  }
  if (!form.header) {
    return `no column for ${channel}: the file has no names of columns, and its first row is ` +
      `${form.sample.slice(0, 1).map((row) => row.join(form.separator))}; say which is which by ` +
      `number (--columns time=1,${channel}=2,…)`;
  }
  return `no column for ${channel}${of} (columns: ${namesShown(form)}); say which it is ` +
    `(--columns ${channel}=COLUMN)`;
}

/** Return the names of columns; one with a comma shows how an option quotes it. */
function namesShown({ names }) {
  const comma = names.find((name) => name.includes(","));
  return listed(names.map((name) => name.includes(",") ? `"${name}"` : name), 20) +
    (comma ? `, to be quoted as in '"acc_x=${comma}"'` : "");
}

/** Return the unit of each channel in the file: as given, said, told by gravity, or the model's. */
function unitsOf(form, found, columns, channels, given) {
  const byColumn = Object.fromEntries(Object.values(found.axes).map(({ column, unit }) => [column, unit]));
  const units = {};
  for (const [channel, names] of Object.entries(columns)) {
    const said = [...new Set(names.map((name) => byColumn[name] || saidUnit(form, name)))];
    if (said.length > 1) {
      throw new Error(`${names.join(" and ")} have different units (${said.sort().join(", ")}), and ` +
        `cannot be added for ${channel}`);
    }
    units[channel] = said[0];
  }
  for (const sensor of new Set(Object.keys(columns).filter((name) => !units[name]).map(sensorName))) {
    const axes = Object.keys(columns).filter((name) => sensorName(name) === sensor);
    if (axes.length !== 3 || !sensorOf(axes[0])?.startsWith("acc ")) continue;
    const unit = judgedUnit(form, axes.map((name) => columns[name]));
    for (const name of axes) units[name] ||= unit;
  }
  const isPart = (part, channel) => `_${channel}_`.includes(`_${part}_`);
  for (const [part, unit] of Object.entries(given)) {
    const matching = Object.keys(columns).filter((channel) => isPart(part, channel));
    if (!matching.length) {
      throw new Error(`--unit ${part}=${unit}: the model has ${Object.keys(columns).join(", ")}`);
    }
    for (const channel of matching) units[channel] = unit;
  }
  for (const { name, unit: own } of channels) {
    const said = units[name];
    units[name] = said || knownUnit(own) || own;
    try {
      unitFactor(units[name], own);
    } catch (error) {
      const isGiven = Object.keys(given).some((part) => isPart(part, name));
      throw new Error(`${isGiven ? `--unit ${name}=${said}` : columns[name][0]}: ${error.message}`);
    }
  }
  return units;
}

/** Return the columns of the time, their form, and the rate where there are none. */
function timeOf(form, entry, given) {
  const nothing = { time: [], timeUnit: "s" };
  if (given.rate_hz) {
    if (!given.columns.time) return { ...nothing, rateHz: given.rate_hz };
    throw new Error("give either the column of the time (--columns time=…) or --rate");
  }
  const read = (time) => ({ time, timeUnit: fittingForm(form, entry, time, given.time_unit), rateHz: null });
  if (given.columns.time) return read(addedColumns(form, "time", given.columns.time));
  const wrong = [];
  for (const names of timeColumns(form, entry)) {
    try {
      return read(names);
    } catch (error) {
      wrong.push(error);
    }
  }
  const rate = fromPreamble(form, (entry.name ? entry : RULES.unknown).rate);
  if (rate) return { ...nothing, rateHz: Number(rate.replace(",", ".")) };
  if (wrong.length) throw wrong[0];
  throw new Error(`no column of the time (columns: ${namesShown(form)}); say which it is ` +
    "(--columns time=COLUMN), or how many samples a second there are (--rate HZ)");
}

/** Return the form of times in these columns, which fits the first of them. */
function fittingForm(form, entry, names, given) {
  if (!given) return formOfTime(form, entry, names);
  const times = new Times(given), columns = names.map((name) => cellsOf(form, name));
  const texts = columns[0].map((_, i) => columns.map((cells) => cells[i]).join(" "));
  if (texts.length && texts.every((text) => Number.isNaN(times.next(text)))) {
    throw new Error(`'${texts[0]}' in the column ${names.join("+")} is no time in the form ${given}; leave ` +
      "--time-unit out, or say another one");
  }
  return given;
}

/** Return the options of `harmodels classify` that say the same. */
function optionsOf({ columns, units, time, timeUnit, rateHz }) {
  const quoted = (text) => /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\"'\"'")}'`;
  const named = Object.entries({ ...(time.length ? { time } : {}), ...columns })
    .map(([channel, names]) => csvCell(`${channel}=${names.join("+")}`));
  const words = ["--columns", named.join(",")], said = {};
  for (const [channel, unit] of Object.entries(units)) {
    const name = sensorName(channel) || channel;
    const alike = Object.keys(units).filter((other) => `_${other}_`.includes(`_${name}_`));
    const same = alike.every((other) => units[other] === unit && sensorName(other) === name);
    said[alike.length > 1 && same ? name : channel] = unit;
  }
  for (const [name, unit] of Object.entries(said)) words.push("--unit", `${name}=${unit}`);
  if (time.length) words.push("--time-unit", timeUnit);
  if (rateHz) words.push("--rate", String(rateHz));
  return words.map(quoted).join(" ");
}

/** Return what options of `harmodels classify` say of a file. */
function givenBy(options) {
  const words = [...options.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) =>
    word.replace(/'([^']*)'|"([^"]*)"/g, (_, one, other) => one ?? other));
  const given = { columns: {}, units: {}, time_unit: null, rate_hz: null };
  for (let i = 0; i < words.length; i += 2) {
    const [option, value] = [words[i], words[i + 1] ?? ""];
    const pairs = () => splitCells(value, ",").map((pair) => {
      const at = pair.indexOf("=");
      if (at < 1) throw new Error(`${option} ${value}: write NAME=…, and a comma before the next one`);
      return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    });
    if (option === "--columns") Object.assign(given.columns, Object.fromEntries(pairs()));
    else if (option === "--unit") Object.assign(given.units, Object.fromEntries(pairs()));
    else if (option === "--time-unit") given.time_unit = value;
    else if (option === "--rate" && Number(value) > 0) given.rate_hz = Number(value);
    else throw new Error(`${option} ${value}: the page knows --columns, --unit, --time-unit and --rate`);
  }
  return given;
}
