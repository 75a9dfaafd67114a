"use strict";
// What the samples of a recording reveal: units, signs and axes that cannot be right. A port of
// data/look, whose first page says the steps; the limits are Python's, in RULES.

const AXIS_KINDS = ["still", "zero", "clipped"];
const RECORD = "check which column is which (--columns), record the accelerometer itself, which holds " +
  "gravity, or give gravity and user acceleration both (--columns acc_x=GRAVITY+USER, …)";

/**
 * Return {findings, refusal} of sessions of {times, columns}: a finding is {kind, channels, start,
 * end, text, remedy}. `units` are those of the file by channel, `gravity` what the model's card says.
 */
function lookAt(sessions, channels, units, gravity) {
  const sensors = sensorsOf(channels), triples = sensors.filter(({ whole }) => whole);
  const blocks = blocksOf(sessions, triples);
  if (!sensors.length || !blocks.length) return { findings: [], refusal: null };
  const findings = [...stepsOfLook(sensors, triples, blocks, channels, units, gravity)]
    .sort((one, other) => one.start - other.start);
  return { findings, refusal: refusalFor(findings, blocks) };
}

function* stepsOfLook(sensors, triples, blocks, channels, units, gravity) {
  const cardOf = ({ name }) => gravity?.find(({ sensor }) => sensor === name) ?? null;
  const still = ({ low, high }, d) => low[d] === high[d], steady = new Map();
  const axes = [...lookAtAxes(sensors, channels, blocks)];
  triples.forEach((sensor, triple) => {
    const stuck = axes.filter(({ kind, channels: [own] }) =>
      kind !== "clipped" && sensor.channels.includes(own));
    const own = blocks.filter((block) => sensor.columns.some((d) => !still(block, d)) &&
      !isTouched(block.start, block.end, stuck));
    if (sensor.kind === "acceleration" && own.length) steady.set(sensor, steadyOf(sensor, own, triple));
  });
  for (const [sensor, own] of [...steady]) {
    const known = [sensor, own, cardOf(sensor), fileUnit(sensor, sensors, units)];
    const findings = [...lookAtGravity(...known)];
    yield* findings;
    yield* lookAtDirection(...known);
    // then its constant part is not gravity
    if (findings.some(({ kind }) => kind === "gravity" || kind === "columns")) steady.delete(sensor);
  }
  for (const sensor of sensors.filter(({ kind }) => kind === "rotation")) {
    const unit = fileUnit(sensor, sensors, units);
    const beside = [...steady].filter(([other]) => expectsGravity(other, cardOf(other)));
    const findings = sensor.whole && beside.length === 1
      ? [...lookAtRotation(sensor, ...beside[0], unit)] : [];
    yield* findings.length ? findings : lookAtRange(sensor, blocks, unit);
  }
  yield* axes;
  for (const [triple, sensor] of triples.entries()) yield* lookForTwoSensors(sensor, triple, blocks);
}

/** Return how an option calls a sensor, and its unit in the file. */
function fileUnit({ name, kind, columns }, sensors, units) {
  const short = kind === "acceleration" ? "acc" : "gyro", unit = units[columns[0]];
  const alone = sensors.filter((other) => other.kind === kind).length === 1 &&
    `_${name}_`.includes(`_${short}_`);
  return { name: alone ? short : name, unit: unit.replace(/^-+/, ""), negative: unit.startsWith("-") };
}

const signedUnit = ({ name, negative }, unit, turned) => `${name}=${negative !== turned ? "-" : ""}${unit}`;

/** Return the unit in which gravity, read as so many g, is 1; empty where none fits. */
function rightUnit(unit, inG, turned, tolerance) {
  const size = inG / Math.abs(unitFactor(unit.unit, "g"));
  const right = Object.keys(ONE_G).find((other) => Math.abs(size / ONE_G[other] - 1) <= tolerance);
  if (right) return signedUnit(unit, right, turned);
  const steps = STEPS.find((each) => Math.abs(size / each - 1) <= TOLERANCE);
  return steps ? signedUnit(unit, `${steps}/g`, turned) : "";
}

const makeFinding = (kind, { channels }, blocks, [first, stop], text, remedy = "") => (
  { kind, channels, start: blocks[first].start, end: blocks[stop - 1].end, text, remedy });
const lineOf = ({ start, end, text }) => `${placeText(start)}-${placeText(end)}: ${text}`;

/** Return whether a time from start to end touches a finding. */
const isTouched = (start, end, findings) => findings.some(
  (finding) => start <= finding.end && end > finding.start);

/** Return the share of the blocks that are in findings. */
function coveredBy(findings, blocks) {
  return shareOf(blocks.map(({ start, end }) => isTouched(start, end, findings)));
}

function refusalFor(findings, blocks) {
  const { share, axis_share: axisShare, whole } = RULES.limits;
  const faulty = findings.filter(({ kind }) => AXIS_KINDS.includes(kind));
  const others = findings.filter(({ kind }) => !AXIS_KINDS.includes(kind));
  const rest = blocks.filter(({ start, end }) => !isTouched(start, end, faulty));
  const kept = rest.length && coveredBy(others, rest) >= share ? others
    : coveredBy(findings, blocks) >= axisShare ? findings : [];
  if (!kept.length) return null;
  const longest = Math.max(...kept.map(({ start, end }) => end - start));
  const main = kept.filter(({ start, end }) => end - start >= whole * longest);
  return [...main.map(lineOf), ...remediesOf(main)].join("; ");
}

/** Return each remedy once; several units are one option. */
function remediesOf(findings) {
  const units = [], others = [];
  for (const { remedy } of findings) {
    const unit = remedy.match(/^say --unit (\S+)$/)?.[1];
    if (remedy) (unit ? units : others).push(unit ?? remedy);
  }
  return [...(units.length ? [`say --unit ${[...new Set(units)].join(",")}`] : []), ...new Set(others)];
}

// Gravity: its size against 1 g, and its direction against the training's.

const safe = (value) => Math.max(value, 1e-9);

/** Return what the blocks in which a sensor changes say of the constant part of its signal, in g. */
function steadyOf(sensor, blocks, triple) {
  const means = blocks.map(({ mean }) => sensor.axes.map(({ column, factor }) => mean[column] * factor));
  const length = means.map((mean) => Math.hypot(...mean));
  const size = blocks.map((block) => block.size[triple] * Math.abs(sensor.factors[0]));
  const moved = blocks.map(({ deviation }) => Math.hypot(...sensor.axes.map(
    ({ column, factor }) => deviation[column] * factor)));
  const quartiles = sliding(length);
  const vague = quartiles.map(([low, middle, high], i) =>
    blocks[i].samples >= RULES.limits.vague_samples ? (high - low) / safe(middle) : 0);
  const uneven = length.map((own, i) =>
    Math.sqrt(Math.max(own ** 2 + moved[i] ** 2 - size[i] ** 2, 0)) / safe(size[i]));
  const calm = majority(moved.map((own, i) => own < RULES.limits.still * length[i])); // gravity nearly alone
  return { blocks, means, length, size, moved, vague, calm, uneven: slidingMedian(uneven),
    middle: quartiles.map(([, middle]) => middle), middleSize: slidingMedian(size) };
}

const expectsGravity = ({ name }, card) => card ? card.high >= 0.5
  : !WITHOUT_GRAVITY.some((word) => name.includes(word));

/** Return whether the constant part of each block cannot be gravity. */
function sizeIsWrong({ middle, middleSize, vague, calm, uneven }) {
  const limits = RULES.limits;
  return middle.map((length, i) => {
    const turning = uneven[i] < limits.even && middleSize[i] >= limits.turning_low_g &&
      middleSize[i] <= limits.turning_high_g;
    const off = calm[i] && (length < limits.least_calm_g || length > limits.most_calm_g);
    return off || length > limits.most_gravity_g || (!turning && (length < limits.least_gravity_g ||
      (vague[i] > limits.vague && length < limits.constant_part * middleSize[i])));
  });
}

function* lookAtGravity(sensor, steady, card, unit) {
  if (!expectsGravity(sensor, card)) {
    yield* gravityUnexpected(sensor, steady, card);
    return;
  }
  const wrong = sizeIsWrong(steady), everything = shareOf(wrong) >= RULES.limits.whole;
  for (const run of runsOf(everything ? wrong.map(() => true) : wrong)) {
    const [kind, text, remedy] = explainSize(sensor, steady, wrong, run, card, unit) ?? [];
    if (kind) yield makeFinding(kind, sensor, steady.blocks, run, text, kind === "unit" && !everything
      ? "the unit changes on the way: give each part as a recording of its own" : remedy);
  }
}

/** Return kind, text and remedy of a run of wrong blocks; null if all is right. */
function explainSize({ name }, steady, wrong, [first, stop], card, unit) {
  const limits = RULES.limits;
  const rows = wrong.map((_, i) => i).filter((i) => wrong[i] && first <= i && i < stop);
  const length = rows.map((i) => steady.length[i]), size = median(rows.map((i) => steady.size[i]));
  const [low, usual, high] = [0.25, 0.5, 0.75].map((share) => percentile(length, share));
  if (!(high - low < limits.constant * usual && usual >= limits.constant_part * size)) {
    return ["gravity", `${name} holds no gravity: its mean over a second is ${general(usual, 2)} g`, RECORD];
  }
  const turned = Boolean(card?.directions.length) && turnedBlocks(steady.means.slice(first, stop), card)[1];
  const still = rows.filter((i) => steady.moved[i] < limits.still * steady.length[i]);
  const calm = still.length >= limits.still_blocks;
  const [least, most] = calm ? [limits.least_calm_g, limits.most_calm_g]
    : [limits.least_gravity_g, limits.most_gravity_g];
  const middle = calm ? median(still.map((i) => steady.length[i])) : usual;
  if (least <= middle && middle <= most) return null;
  const right = rightUnit(unit, middle, turned, calm ? limits.unit_calm : limits.unit);
  const part = `the constant part of ${name}, which gravity makes 1 g, is ${general(middle, 3)} g`;
  if (right) {
    const opposite = turned ? " and opposite to the training's" : "";
    return ["unit", `${part}${opposite}, as in another unit`, `say --unit ${right}`];
  }
  return ["columns", `${part}, which no usual unit explains: a column may be another one's`,
    `check which column is which (--columns), and how many steps are one g (--unit ${unit.name}=N/g)`];
}

/** Yield where there is gravity that the training had not, or far more of the rest. */
function* gravityUnexpected(sensor, steady, card) {
  const limits = RULES.limits, { blocks, middle, middleSize, vague } = steady;
  const held = middle.map((length, i) => length >= limits.least_gravity_g && vague[i] < limits.constant &&
    length >= limits.constant_part * middleSize[i]);
  for (const run of runsOf(held)) {
    yield makeFinding("gravity", sensor, blocks, run,
      `${sensor.name} holds gravity, which the training's acceleration leaves out`,
      "give the user acceleration (linear acceleration), which leaves it out");
  }
  if (!card) return;
  const larger = held.map((holds, i) => !holds && middleSize[i] > limits.larger * card.size);
  const everything = shareOf(larger) >= limits.larger_share;
  for (const run of runsOf(everything ? larger.map(() => true) : larger)) {
    const size = median(steady.size.slice(...run));
    yield makeFinding("columns", sensor, blocks, run, `${sensor.name} is ${general(size, 3)} g on average, ` +
      `and at most ${general(card.size, 3)} in training`,
    "check its unit (--unit) and which column is which (--columns)");
  }
}

/** Yield where gravity points elsewhere than in all classes of the training. */
function* lookAtDirection(sensor, steady, card, unit) {
  if (!card?.directions.length) return;
  const { blocks, means } = steady, right = sizeIsWrong(steady).map((wrong) => !wrong);
  const [opposite, everything] = turnedBlocks(means, card);
  const turned = everything ? right : majority(opposite.map((holds, i) => holds && right[i]));
  const strange = majority(degreesOutside(means, card.directions).map(
    (far, i) => far > RULES.limits.strange_deg && right[i]));
  for (const run of runsOf(turned)) {
    yield makeFinding("sign", sensor, blocks, run,
      `gravity in ${sensor.name} points opposite to that of the training`, everything
      ? `where an iPhone's app turns all signs, say --unit ${signedUnit(unit, unit.unit, true)}` : "");
  }
  for (const run of runsOf(strange.map((holds, i) => holds && !turned[i]))) {
    const mean = AXES.map((_, d) => sumOf(means.slice(...run), (each) => each[d]) / (run[1] - run[0]));
    const sizes = mean.map(Math.abs), axis = sizes.indexOf(Math.max(...sizes));
    const way = `${mean[axis] < 0 ? "-" : ""}${AXES[axis]}`;
    yield makeFinding("orientation", sensor, blocks, run, `gravity points along ${way} of ${sensor.name}, ` +
      "as never in training: the sensor is worn another way, or axes are exchanged");
  }
}

/** Return where only the opposite of gravity is as in training, and whether all are turned. */
function turnedBlocks(means, card) {
  const limits = RULES.limits;
  const narrow = card.directions.filter(({ cone_deg: cone }) => cone <= limits.narrow_deg);
  const isNear = (far) => far <= limits.turned_deg;
  const inside = degreesOutside(means, card.directions).map(isNear);
  const opposite = degreesOutside(means.map((mean) => mean.map((x) => -x)), narrow).map(isNear);
  const turned = opposite.map((holds, i) => holds && !inside[i]);
  const upright = inside.filter((holds, i) => holds && !opposite[i]).length;
  const enough = shareOf(turned) >= limits.turned_share;
  return [turned, enough && upright <= limits.upright_share * turned.filter(Boolean).length];
}

/** Return degrees from the nearest cone of a class; negative within. */
function degreesOutside(means, directions) {
  return means.map((mean) => {
    const length = safe(Math.hypot(...mean));
    return Math.min(...directions.map(({ mean: own, cone_deg: cone }) => {
      const cosine = sumOf(AXES, (axis) => mean[AXES.indexOf(axis)] / length * own[AXES.indexOf(axis)]);
      return Math.acos(Math.min(1, Math.max(-1, cosine))) * 180 / Math.PI - cone;
    }));
  });
}
