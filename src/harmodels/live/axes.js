"use strict";
// The gyroscope's unit against what the accelerometer felt, and each axis alone: a port of
// data/look/rotation.py and axes.py.

/** Yield where a gyroscope of three axes turns far more or less than gravity does. */
function* lookAtRotation(gyroscope, accelerometer, steady, unit) {
  const limits = RULES.limits, { blocks, means, length, middle } = steady;
  const deviation = ({ axes }, block) => axes.map(
    ({ column, factor }) => block.deviation[column] * Math.abs(factor));
  const shaken = blocks.map((block, i) => Math.hypot(...deviation(accelerometer, block)) / safe(middle[i]));
  const ratio = blocks.map((block, i) => {
    const across = deviation(gyroscope, block)
      .map((turn, d) => turn ** 2 * (1 - (means[i][d] / safe(length[i])) ** 2));
    return Math.sqrt(sumOf(across, (part) => part)) / Math.max(shaken[i], limits.noise_g);
  });
  const usual = slidingMedian(ratio); // at rest a gyroscope is nothing but noise
  const told = slidingMedian(shaken).map((value) => value > limits.shaken_g);
  const degrees = usual.map((value) => value > limits.degrees);
  const radians = usual.map((value, i) => value < limits.radians && told[i]);
  const count = (mask) => mask.filter(Boolean).length;
  for (const [wrong, right, of] of [[degrees, "deg/s", told.length], [radians, "rad/s", count(told)]]) {
    const everything = count(wrong) >= Math.max(limits.share * of, 1);
    for (const run of runsOf(everything ? wrong.map(() => true) : wrong)) {
      const turned = turnFactor(gyroscope, steady, run);
      if (turned !== null && turned > 1 / 3 && turned < 3) continue;
      const size = median(ratio.slice(...run));
      const fits = everything && isUnit(unit, right === "deg/s" ? "rad/s" : "deg/s") &&
        size <= limits.most_degrees;
      const times = Math.max(size / limits.usual, limits.usual / safe(size));
      yield makeFinding("rotation", gyroscope, blocks, run, `${gyroscope.name} is about ` +
        `${Number(times.toPrecision(1))} times too ${right === "deg/s" ? "large" : "small"} for what the ` +
        "acceleration beside it does",
      fits ? `say --unit ${unit.name}=${right}` : "check its unit (--unit) and its columns");
    }
  }
}

const isUnit = ({ unit }, name) => Math.abs(Math.abs(unitFactor(unit, name)) - 1) < 1e-5;

/** Yield where a gyroscope of any axes is faster than sensors are. */
function* lookAtRange(gyroscope, blocks, unit) {
  const limits = RULES.limits;
  const largest = blocks.map(({ low, high }) => Math.max(...gyroscope.axes.map(
    ({ column, factor }) => Math.max(-low[column], high[column]) * Math.abs(factor))));
  const fast = largest.map((value) => value > limits.fastest), everything = shareOf(fast) >= limits.often;
  for (const run of runsOf(everything ? fast.map(() => true) : fast)) {
    const most = largest.slice(...run).reduce((a, b) => Math.max(a, b));
    yield makeFinding("rotation", gyroscope, blocks, run,
      `${gyroscope.name} reaches ${general(most, 4)} rad/s, and sensors end at 35`,
      everything && isUnit(unit, "rad/s") ? `say --unit ${unit.name}=deg/s`
        : "check its unit (--unit) and its columns");
  }
}

/**
 * Return by what the gyroscope's turns are larger than those of gravity; null if unknown. In axes
 * that turn with ω, the direction of gravity g changes by −ω × g a second.
 */
function turnFactor(gyroscope, { blocks, means, length }, [first, stop]) {
  const pointing = (i) => means[i].map((x) => x / safe(length[i]));
  const rotation = (i) => gyroscope.axes.map(({ column, factor }) => blocks[i].mean[column] * factor);
  const at = (i) => (blocks[i].start + blocks[i].end) / 2;
  let product = 0, turned = 0, power = 0;
  for (let i = first + 1; i < stop; i++) {
    const seconds = at(i) - at(i - 1), [g, before] = [pointing(i), pointing(i - 1)];
    if (seconds >= 1.5) continue; // a gap between the two
    const [x, y, z] = g.map((value, d) => (value + before[d]) / 2);
    const [a, b, c] = rotation(i).map((value, d) => (value + rotation(i - 1)[d]) / 2);
    [b * z - c * y, c * x - a * z, a * y - b * x].forEach((part, d) => {
      const expected = -part * seconds, change = g[d] - before[d];
      product += expected * change;
      turned += change ** 2;
      power += expected ** 2;
    });
  }
  if (turned < RULES.limits.turns || product <= 0) return null;
  return product ** 2 >= RULES.limits.agreement * power * turned ? power / product : null;
}

const limitFor = (name, { kind }) => RULES.limits[name + (kind === "acceleration" ? "_g" : "_rad_s")];

/** Yield where an axis does not change while another one moves, and where it is clipped. */
function* lookAtAxes(sensors, channels, blocks) {
  const axes = sensors.flatMap((sensor) => sensor.axes.map(
    (axis) => ({ sensor, ...axis, factor: Math.abs(axis.factor) })));
  const moves = blocks.map((block) => axes.some(
    ({ sensor, column, factor }) => block.deviation[column] * factor >= limitFor("moves", sensor)));
  for (const { sensor, column, channel } of axes) {
    const others = blocks.map(({ repeats }, i) => moves[i] ||
      Math.min(...sensor.columns.map((d) => repeats[d])) <= RULES.limits.repeats);
    for (const run of stuckRuns(blocks, column, others)) {
      const value = blocks[run[0]].low[column];
      yield makeFinding(value ? "still" : "zero", { channels: [channel] }, blocks, run,
        `${channel} stays at ${general(value, 5)} ${channels[column].unit} while others move`);
    }
  }
  for (const { sensor, column, channel, factor } of axes) {
    const ends = [blocks.reduce((least, { low }) => Math.min(least, low[column]), Infinity),
      blocks.reduce((most, { high }) => Math.max(most, high[column]), -Infinity)];
    for (const end of ends) {
      const clipped = blocks.map(({ low, high, deviation, clipped: share }) =>
        deviation[column] * factor >= limitFor("clipped", sensor) &&
        (low[column] === end || high[column] === end) && share[column] >= RULES.limits.clipped);
      if (clipped.filter(Boolean).length < RULES.limits.clipped_blocks) continue;
      for (const run of runsOf(clipped)) {
        yield makeFinding("clipped", { channels: [channel] }, blocks, run,
          `${channel} is cut off at ${general(end, 5)} ${channels[column].unit}`);
      }
    }
  }
}

/** Return where an axis keeps a value for a while in which others change. */
function stuckRuns(blocks, column, others) {
  const limits = RULES.limits, still = blocks.map(({ low, high }) => low[column] === high[column]);
  const same = still.map((holds, i) => holds &&
    (!i || !still[i - 1] || blocks[i].low[column] === blocks[i - 1].low[column]));
  return runsOf(same, 0).filter(([first, stop]) => {
    const changes = others.slice(first, stop).filter(Boolean).length;
    return stop - first >= limits.still_blocks && changes >= limits.still_others &&
      changes / (stop - first) >= limits.still_part;
  });
}

/** Yield where samples jump to and fro, as those of two sensors in turn. */
function* lookForTwoSensors(sensor, triple, blocks) {
  const jumps = blocks.map(({ start, end, samples, deviation, jump }) =>
    (samples - 1) / safe(end - start) >= RULES.limits.jump_hz && jump[triple] > RULES.limits.jump &&
    Math.hypot(...sensor.axes.map(({ column, factor }) => deviation[column] * factor)) >=
      limitFor("moves", sensor));
  for (const run of runsOf(majority(jumps))) {
    yield makeFinding("two sensors", sensor, blocks, run,
      `${sensor.name} jumps to and fro from sample to sample, as two sensors in turn`,
      "give the samples of one sensor alone");
  }
}
