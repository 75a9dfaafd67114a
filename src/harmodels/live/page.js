"use strict";
// The page: states, the sensor, a dropped file, and what is drawn.

const model = JSON.parse(document.getElementById("model").textContent);
const network = new Network(model.network);
const element = (id) => document.getElementById(id);

const SILENT_AFTER_MS = 3000;
const NO_LABEL = -1; // a window that a finding touches, or in which the sensor stood still
const MOST_FINDINGS = 6; // that are shown one by one
const SHOWN_S = 10; // of the signal, while the sensor runs
const ACTIVE = ["permission", "waiting", "running"];
const STATES = {
  idle: "Press Start to read the motion sensor, or open a recording.",
  permission: "Allow motion access in the browser’s question.",
  waiting: "Waiting for the sensor …",
  running: "Listening. Keep this page in front and the screen on.",
  stopped: "Stopped.",
  refused: "The browser refused access to the motion sensor. On an iPhone close this tab, open the " +
    "page again and choose Allow; elsewhere allow “motion sensors” in the site’s settings.",
  insecure: "Browsers give the motion sensor to secure pages only. Put this file on an https " +
    "address; or, on the device itself or through a forwarded port, run “python -m http.server” " +
    "beside it and open http://localhost:8000/. A recording can be opened here in any case.",
  silent: "No motion sensor has answered for 3 seconds. Open this page on a phone, or open a " +
    "recording here.",
};

const session = {
  state: "idle", windows: [], samples: [], pieces: [], windower: null, start: 0, timer: 0,
  keepAwake: null, drawing: false, findings: [], files: [],
};

function setState(state, text = STATES[state]) {
  session.state = document.body.dataset.state = state;
  element("state").textContent = text;
  element("start").textContent = ACTIVE.includes(state) ? "Stop" : "Start";
  if (!session.windows.length) showActivity(null);
}

/** Begin a session: an empty timeline and the windower that fills it, which is returned. */
function begin() {
  stopSensor();
  Object.assign(session, { windows: [], samples: [], pieces: [], starts: undefined, findings: [] });
  element("download").disabled = element("reread").hidden = true;
  showNotes([]);
  return session.windower = new Windower(model, addWindow, (time, vector) => {
    session.samples.push({ time, vector });
  });
}

/** Classify a window. Its piece of the timeline lasts until the next window starts, or it ends. */
function addWindow({ start, end, values, still }) {
  const judged = !still && !isTouched(start, end, session.findings);
  const probabilities = judged ? network.probabilities(values) : null;
  const best = judged ? probabilities.indexOf(Math.max(...probabilities)) : NO_LABEL;
  session.windows.push({ start, end, best, probabilities });
  const last = session.pieces.at(-1);
  const joins = last && start <= last.end + 1e-6;
  if (joins) last.end = start;
  if (joins && last.best === best) last.end = end;
  else session.pieces.push({ start, end, best });
}

// The sensor.

async function startSensor() {
  if (!window.isSecureContext) return setState("insecure");
  begin();
  if (typeof DeviceMotionEvent === "undefined") return setState("silent");
  if (DeviceMotionEvent.requestPermission) { // iOS asks, and only after a click
    setState("permission");
    const answer = await DeviceMotionEvent.requestPermission().catch(() => "denied");
    if (answer !== "granted") return setState("refused");
    if (session.state !== "permission") return; // stopped meanwhile
  }
  setState("waiting");
  session.origin = null;
  window.addEventListener("devicemotion", onMotion);
  session.timer = setTimeout(() => { stopSensor(); setState("silent"); }, SILENT_AFTER_MS);
  keepAwake();
}

/** Keep the screen on; a browser forgets the wish whenever the page was hidden. */
async function keepAwake() {
  if (!["waiting", "running"].includes(session.state) || document.hidden) return;
  session.keepAwake = await navigator.wakeLock?.request("screen").catch(() => null);
}

function stopSensor() {
  clearTimeout(session.timer);
  window.removeEventListener("devicemotion", onMotion);
  session.keepAwake?.release();
  session.keepAwake = null;
}

// WebKit on iPhones and iPads reports the acceleration with the opposite sign of every other
// browser, and of the phones that the data sets were recorded with.
const SIGN = /iP(hone|ad|od)/.test(navigator.userAgent) ||
  (/Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1) ? -1 : 1;
const RATE_OF = { x: "alpha", y: "beta", z: "gamma" }; // the axes, as browsers and W3C have them

/** Read one event of the sensor: m/s² and degrees a second into the units of the channels. */
function onMotion(event) {
  const vector = model.channels.map(({ sensor, axis, per_si: perSi }) => {
    const value = sensor === "acceleration"
      ? SIGN * (event.accelerationIncludingGravity?.[axis] ?? NaN)
      : (event.rotationRate?.[RATE_OF[axis]] ?? NaN) * Math.PI / 180;
    return value * perSi;
  });
  if (!vector.every(Number.isFinite)) return; // a computer without the sensor sends one of nulls
  if (session.state === "waiting") {
    clearTimeout(session.timer); // later silences, of a locked screen for instance, are gaps
    setState("running");
  }
  session.origin ??= event.timeStamp;
  session.windower.push((event.timeStamp - session.origin) / 1000, vector);
  const oldest = session.samples.at(-1).time - SHOWN_S;
  if (session.samples[0].time < oldest - SHOWN_S) {
    session.samples = session.samples.filter(({ time }) => time >= oldest);
  }
  draw();
}

// A file.

/** Read files as one recording, classify it, and say how it was understood. */
async function openFiles(files, options = "") {
  const windower = begin(), name = files.length > 1 ? `${files.length} files` : files[0].name;
  const breathe = async (share) => { // false where something else was started meanwhile
    element("progress").firstElementChild.style.width = `${100 * Math.min(1, share)}%`;
    await new Promise((resolve) => { setTimeout(resolve); });
    return session.windower === windower;
  };
  setState("reading", `Reading ${name} …`);
  session.files = files;
  element("options").value = options;
  try {
    const recording = await openRecording(files, model.channels, options ? givenBy(options) : undefined);
    if (recording.options && session.windower === windower) element("options").value = recording.options;
    showNotes(recording.understood());
    if (!await recording.read(breathe)) return;
    checkRate(recording.rateHz, model.rate_hz, recording.timeForm);
    const { findings, refusal } = lookAt(
      recording.sessions, model.channels, recording.fileUnits(), model.gravity);
    const lines = findings.slice(0, MOST_FINDINGS).map((finding) =>
      [`${lineOf(finding)}: no label`, finding.remedy].filter(Boolean).join("; "));
    if (findings.length > MOST_FINDINGS) {
      lines.push(`${counted(findings.length - MOST_FINDINGS, "more such time")}: no label`);
    }
    const rate = `${general(recording.rateHz, 4)} Hz`;
    showNotes([...recording.understood(), rate, ...recording.notes, ...(refusal ? [] : lines)]);
    if (refusal) throw new Error(`${name}: ${refusal}`);
    Object.assign(session, { starts: recording.origin, findings });
    const last = recording.sessions.at(-1).times.at(-1);
    for (const { times, columns } of partsOf(recording.sessions)) {
      for (const _ of windower.part(times, columns, recording.rateHz)) {
        if (!await breathe(windower.origin / last)) return;
      }
    }
    if (!session.windows.length) throw new Error(`${name} has no ${model.window.seconds} s without a ` +
      "gap, which the model needs for a window.");
    if (session.windows.every(({ best }) => best === NO_LABEL)) {
      throw new Error(`${name}: no window can get a label`);
    }
    setState("done", name);
  } catch (error) {
    if (session.windower === windower) setState("failed", error.message);
  }
  element("reread").hidden = false;
  draw();
}

function showNotes(lines) {
  element("notes").replaceChildren(...lines.map((line) => {
    const item = document.createElement("li");
    item.textContent = line;
    if (line.startsWith("  ")) item.className = "row"; // of the first rows, as they were understood
    return item;
  }));
}

/** Return the windows as CSV, with the columns of `harmodels classify`. */
function timelineCsv() {
  const time = (seconds) => timeText(seconds, session.starts);
  const rows = [["start", "end", "label", ...model.classes]];
  for (const { start, end, best, probabilities } of session.windows) {
    rows.push([time(start), time(end), model.classes[best] ?? "",
      ...model.classes.map((_, c) => probabilities?.[c].toFixed(4) ?? "")]);
  }
  return rows.map((row) => row.map(csvCell).join(",") + "\n").join("");
}

function download() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([timelineCsv()], { type: "text/csv" }));
  link.download = "activities.csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// What is drawn: at most once a frame.

function draw() {
  if (session.drawing) return;
  session.drawing = true;
  requestAnimationFrame(() => {
    session.drawing = false;
    showActivity(session.state === "done" ? summary() : session.windows.at(-1));
    drawSignal(element("signal"), session, model);
    drawTimeline(element("timeline"), session, model);
    element("download").disabled = !session.windows.length;
  });
}

/** Return what most windows of a recording are, and the means of their probabilities. */
function summary() {
  const windows = session.windows.filter(({ best }) => best !== NO_LABEL);
  if (!windows.length) return null;
  const mean = (value) => windows.reduce((sum, one) => sum + value(one), 0) / windows.length;
  const shares = model.classes.map((_, index) => mean(({ best }) => Number(best === index)));
  const best = shares.indexOf(Math.max(...shares));
  return { best, share: shares[best], count: windows.length,
    probabilities: model.classes.map((_, index) => mean((one) => one.probabilities[index])) };
}

/** Show a window or a summary; screen readers hear of it where the activity changes. */
function showActivity(newest) {
  const name = newest ? words(model.classes[newest.best])
    : ACTIVE.includes(session.state) ? "Listening …" : session.state === "done" ? "No label" : "Ready";
  const heading = element("activity");
  if (heading.textContent !== name) heading.textContent = name;
  if (newest) heading.dataset.class = newest.best; else delete heading.dataset.class;
  const share = newest ? newest.probabilities[newest.best] : 0;
  const sure = share > 0.9 ? "sure" : share > 0.6 ? "fairly sure" : "unsure";
  const summed = newest?.share !== undefined;
  element("now-title").textContent = summed ? "Most of the recording" : "Now";
  element("probabilities-title").textContent = summed ? "Mean probabilities" : "Probabilities";
  element("sureness").textContent = !newest ? ""
    : summed ? `${Math.round(100 * newest.share)}% of ${newest.count} windows`
      : `${Math.round(100 * share)}%, ${sure}`;
  const done = summed ? 1 : (session.windower?.clean?.length ?? 0) / model.window.steps;
  element("progress").firstElementChild.style.width = `${100 * Math.min(1, done)}%`;
  model.classes.forEach((_, index) => {
    const item = element("probabilities").children[index];
    const p = newest?.probabilities[index] ?? 0;
    item.classList.toggle("best", newest?.best === index);
    item.querySelector(".share").textContent = newest ? `${Math.round(100 * p)}%` : "–";
    item.querySelector(".bar span").style.transform = `scaleX(${p})`;
  });
}

for (const [index, name] of model.classes.entries()) {
  const item = document.createElement("li");
  item.innerHTML = "<span class=name></span><span class=share></span><span class=bar><span></span></span>";
  item.firstElementChild.textContent = words(name);
  item.style.setProperty("--colour", `var(--c${index % 8})`);
  element("probabilities").append(item);
}
element("start").addEventListener("click", () => {
  if (element("start").textContent === "Start") return startSensor();
  stopSensor();
  session.windower.finish();
  setState("stopped");
  draw();
});
element("file").addEventListener("change", ({ target }) => {
  if (target.files.length) openFiles([...target.files]);
  target.value = ""; // so that the same file can be chosen again
});
element("reread").addEventListener("submit", (event) => {
  event.preventDefault();
  openFiles(session.files, element("options").value.trim());
});
element("download").addEventListener("click", download);
for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    document.body.classList.toggle("dropping", kind === "dragenter" || kind === "dragover");
    if (kind !== "drop") return;
    droppedFiles(event.dataTransfer).then((files) => { if (files.length) openFiles(files); });
  });
}
document.addEventListener("visibilitychange", keepAwake);
window.addEventListener("resize", () => { if (session.windows.length) draw(); });
setState(window.isSecureContext ? "idle" : "insecure");
