"use strict";
// The files of an app, one a sensor, as one recording on one clock: a port of data/reading/joined.py.

const TABLES = /\.(csv|txt|tsv|tab|dat|asc)(\.gz)?$/i;
const PAUSE = 5; // intervals of a sensor, over which nothing is interpolated
const LEAST_PAUSE_S = 0.1;
const OWN_NAME = { user: "user_acc", gravity: "gravity" }; // channels of a part of the acceleration

/** Return a recording of several files, each of which may hold a sensor. */
async function openJoined(files, channels, given) {
  const tables = [], unread = [];
  for (const file of files) {
    const name = baseName(file.name);
    if (!TABLES.test(name)) {
      unread.push(`${name}: it is no table`);
      continue;
    }
    try {
      const form = readForm(await headOf(file), name);
      tables.push({ file, name, form, found: findSensors(form, name) });
    } catch (error) {
      unread.push(error.message);
    }
  }
  if (!tables.length) throw new Error(`the files hold no table: ${unread.join("; ")}`);
  if (tables.length === 1 || Object.keys(given.columns).length) {
    const { file, form } = tables.length === 1 ? tables[0] : tableWith(tables, given);
    return new FileRecording(file, form, channels, given);
  }
  const keys = channels.map(({ name }) => sensorOf(name)?.split(" ") ?? [name]), sources = {};
  for (const [sensor] of keys) {
    const axes = keys.filter(([other]) => other === sensor).map(([, axis]) => axis);
    sources[sensor] ??= sourcesOf(tables, sensor, axes);
  }
  const used = [...new Set(Object.values(sources).flat().map(([table]) => table))];
  const turned = isTurned(tables, used), [{ file, form }] = used;
  if (used.length === 1) return turn(new FileRecording(file, form, channels, given), given, turned);
  if (given.rate_hz) throw new Error("files are joined on their times, so leave --rate out");
  return new JoinedRecording(sources, channels, keys, given, turned);
}

/** Return [table, sensor] of the files whose values are added. */
function sourcesOf(tables, sensor, axes) {
  const best = bestOf(tables, sensor, axes);
  if (best) return [[best, sensor]];
  if (sensor === "acc") {
    const found = ["user", "gravity"].map((part) => [bestOf(tables, part, axes), part])
      .filter(([table]) => table);
    if (found.length === 2) return found[0][0] === found[1][0] ? [[found[0][0], "acc"]] : found;
    if (found[0]?.[1] === "user") {
      const [{ name, found: { entry } }] = found[0];
      throw new Error(`${name} holds acceleration without gravity, and no file holds gravity: ` +
        (entry.without ?? "record both"));
    }
  }
  const names = tables.map(({ name }) => name).slice(0, 8).join(", ");
  throw new Error(`no file holds ${sensor}_${axes[0]} (${names}); ` +
    `give the file that holds it, and say which column it is (--columns ${sensor}_${axes[0]}=COLUMN)`);
}

function bestOf(tables, sensor, axes) {
  const ranked = tables.map((table) => {
    const found = axes.map((axis) => table.found.axes[`${sensor} ${axis}`]);
    return { table, rank: found.every(Boolean) ? Math.max(...found.map(({ rank }) => rank)) : Infinity };
  }).filter(({ rank }) => rank < Infinity);
  const least = Math.min(...ranked.map(({ rank }) => rank));
  const best = ranked.filter(({ rank }) => rank === least).map(({ table }) => table);
  if (best.length > 1) {
    throw new Error(`${best.slice(0, 3).map(({ file }) => file.name).join(" and ")} hold the same sensor ` +
      `(${sensor}); give the file or folder of one recording`);
  }
  return best[0];
}

/** Return the one file that has the columns a user names. */
function tableWith(tables, given) {
  const names = Object.values(given.columns).flatMap((text) => [text, ...text.split("+")]);
  const count = ({ form }) => form.names.filter((name) => names.includes(name)).length;
  const most = Math.max(...tables.map(count)), having = tables.filter((table) => count(table) === most);
  if (!most || having.length > 1) {
    throw new Error("--columns says which columns of one file are meant; give that file (without " +
      "--columns, the files of a folder are recognised)");
  }
  return having[0];
}

/** Return whether a file beside says that all signs of accelerations are turned. */
function isTurned(tables, used) {
  const entry = used.map(({ found }) => found.entry.turned).find(Boolean);
  const beside = entry && tables.find(({ name }) => matches(entry.file, name));
  return Boolean(beside) && Object.entries(entry.cells).every(([pattern, wanted]) => {
    const name = columnOf(beside.form, pattern);
    return name !== undefined && matches(wanted, cellsOf(beside.form, name)[0] ?? "");
  });
}

/** Turn the signs of accelerations, where they are not given or turned already. */
function turn(recording, given, turned) {
  const { units } = recording.meaning;
  for (const [channel, unit] of Object.entries(units)) {
    const own = ["acc", "user", "gravity"].includes(sensorOf(channel)?.split(" ")[0]);
    const isGiven = Object.keys(given.units).some((name) => `_${channel}_`.includes(`_${name}_`));
    if (turned && own && !unit.startsWith("-") && !isGiven) units[channel] = `-${unit}`;
  }
  return recording;
}

/** Recordings of several sensors, interpolated onto the clock of the first. */
class JoinedRecording {
  constructor(sources, channels, keys, given, turned) {
    const own = new Map(); // of each table: where its values are added, and its own channels
    const sensors = Object.keys(sources).sort((one, other) => (one !== "acc") - (other !== "acc"));
    for (const sensor of sensors) {
      for (const [table, part] of sources[sensor]) {
        if (!own.has(table)) own.set(table, { columns: [], channels: [], units: {} });
        keys.forEach(([key, axis], column) => {
          if (key !== sensor) return;
          const { name, unit } = channels[column], entry = own.get(table);
          const renamed = part === sensor ? name : `${OWN_NAME[part]}_${axis}`;
          entry.columns.push(column);
          entry.channels.push({ name: renamed, unit });
          for (const [known, said] of Object.entries(given.units)) {
            if (`_${name}_`.includes(`_${known}_`)) entry.units[renamed] = said;
          }
        });
      }
    }
    this.channels = channels;
    this.parts = [...own].map(([{ file, form }, entry]) => {
      const said = { ...NOTHING_GIVEN, units: entry.units, time_unit: given.time_unit };
      return [turn(new FileRecording(file, form, entry.channels, said), said, turned), entry.columns];
    });
  }

  get timeForm() {
    return this.parts[0][0].timeForm;
  }

  fileUnits() {
    const units = [];
    for (const [part, columns] of this.parts) {
      part.fileUnits().forEach((unit, i) => { units[columns[i]] ??= unit; });
    }
    return units;
  }

  /** Return lines for a user: program and columns of each file, and the first three rows. */
  understood() {
    const lines = [`${this.parts.length} files are joined on their times`];
    for (const [part, columns] of this.parts) {
      const { program, columns: own, units } = part.meaning;
      const read = Object.keys(own).map((name, i) =>
        `${this.channels[columns[i]].name} from ${own[name].join("+")} in ${units[name]}`);
      lines.push(`${part.name}: ${program ? `written by ${program}; ` : ""}${read.join(", ")}`);
    }
    if (!this.sessions) return lines;
    const [{ times, columns }] = this.sessions;
    const first = Array.from(times.subarray(0, 3), (time) => time.toFixed(3));
    return [...lines, ...rowsShown(first, columns, this.channels)];
  }

  async read(breathe) {
    for (const [part] of this.parts) {
      if (!await part.read(breathe)) return false;
      if (part.sessions.length > 1) {
        throw new Error(`${part.name}: its clock steps back, and it cannot be joined with the others; ` +
          "give one file");
      }
    }
    const [[reference, columns], ...others] = this.parts, { times } = reference.sessions[0];
    const values = this.channels.map(() => new Float64Array(times.length));
    const usable = new Uint8Array(times.length).fill(1);
    columns.forEach((column, d) => values[column].set(reference.sessions[0].columns[d]));
    for (const [part, places] of others) {
      addSensor(part, places, laterBy(part, reference), times, values, usable);
    }
    const rows = Array.from(times.keys()).filter((row) => usable[row]);
    if (!rows.length) {
      const starts = this.parts.map(([part]) => `${part.name} from ${originText(part.origin)}`);
      throw new Error(`the files have no time in common (${starts.join(", ")}); give those of one recording`);
    }
    const start = times[rows[0]], { origin } = reference, fraction = origin.fraction + start;
    this.sessions = [{ times: Float64Array.from(rows, (row) => times[row] - start),
      columns: values.map((column) => Float64Array.from(rows, (row) => column[row])) }];
    this.origin = origin.date === undefined ? { seconds: origin.seconds + start }
      : { ...origin, date: origin.date + Math.floor(fraction), fraction: fraction % 1 };
    this.rateHz = reference.rateHz;
    this.notes = this.parts.flatMap(([part]) => part.notes.map((note) => `${part.name}: ${note}`));
    const outside = times.length - rows.length;
    if (outside) {
      const names = others.map(([part]) => part.name).join(", ");
      this.notes.push(`${names} joined with ${reference.name} on their times: ` +
        `${outside.toLocaleString("en")} of ${times.length.toLocaleString("en")} samples are outside of ` +
        "the time that all files hold");
    }
    return true;
  }
}

/** Add to columns of values what a sensor has at other times; mark where it has nothing. */
function addSensor(part, places, later, times, values, usable) {
  const { times: own, columns } = part.sessions[0], last = own.length - 1;
  const pause = Math.max(PAUSE / part.rateHz, LEAST_PAUSE_S);
  for (let row = 0, after = 1; row < times.length; row++) {
    const at = times[row] - later;
    while (after < last && own[after] < at) after++;
    const gap = own[after] - own[after - 1];
    if (!(own[0] <= at && at <= own[last] && gap <= pause)) usable[row] = 0;
    const share = Math.min(1, Math.max(0, (at - own[after - 1]) / gap));
    places.forEach((place, d) => {
      values[place][row] += columns[d][after - 1] + share * (columns[d][after] - columns[d][after - 1]);
    });
  }
}

/** Return by how many seconds the first sample of a file is later than that of another. */
function laterBy(part, reference) {
  const kind = ({ date, offset }) => date === undefined ? "seconds"
    : offset === null ? "a date" : "a date with a zone";
  const [one, other] = [part.origin, reference.origin];
  if (kind(one) !== kind(other)) {
    throw new Error(`${part.name} begins at ${originText(one)} and ${reference.name} at ` +
      `${originText(other)}, which are no times of one clock; give one file`);
  }
  return one.date === undefined ? one.seconds - other.seconds
    : one.date - other.date + (one.fraction - other.fraction);
}
