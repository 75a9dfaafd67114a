"use strict";
// Signal and timeline as SVG, which takes its colours from the style sheet.

/** Return round seconds between which about `count` ticks fit. */
function tickStep(seconds, count) {
  const steps = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21600, 86400];
  return steps.find((step) => seconds / step <= count) ?? 86400 * Math.ceil(seconds / 86400 / count);
}

/** Return seconds as m:ss, or h:mm:ss. */
function clock(seconds) {
  const s = Math.round(seconds), two = (value) => String(value).padStart(2, "0");
  const minutes = Math.floor(s / 60);
  return minutes < 60 ? `${minutes}:${two(s % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(s % 60)}`;
}

/** Return the name of a class as one reads it. */
function words(name) {
  const text = String(name).replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const escaped = (text) => String(text).replace(/[&<>"]/g, (mark) => `&#${mark.charCodeAt(0)};`);
const svg = (width, height, label, parts) => `<svg viewBox="0 0 ${width} ${height}" role="img" ` +
  `aria-label="${escaped(label)}">${parts.join("")}</svg>`;

/** Draw the accelerations, or the first three channels, and name each line at its end. */
function drawSignal(place, { samples, state }, model) {
  if (samples.length < 2) return;
  const accelerations = model.channels.flatMap(({ sensor }, d) => sensor === "acceleration" ? d : []);
  const shown = (accelerations.length ? accelerations : model.channels.map((_, d) => d)).slice(0, 3);
  const width = place.clientWidth, height = 170, right = width - 24;
  const from = samples[0].time, until = samples.at(-1).time;
  const stride = Math.ceil(samples.length / (2 * width)); // two points a pixel are plenty
  const points = samples.filter((_, index) => index % stride === 0);
  const values = points.flatMap(({ vector }) => shown.map((d) => vector[d]));
  const low = values.reduce((a, b) => Math.min(a, b)), high = values.reduce((a, b) => Math.max(a, b));
  const x = (time) => right * (time - from) / (until - from);
  const y = (value) => 8 + (height - 16) * (high - value) / (high - low || 1);
  const dashes = ["none", "7 3", "2 3"]; // so that colour is not all that tells them apart
  const parts = low < 0 && high > 0
    ? [`<line class="grid" x1="0" x2="${right}" y1="${y(0)}" y2="${y(0)}"/>`] : [];
  shown.forEach((d, index) => {
    let pen = "";
    points.forEach(({ time, vector }, i) => {
      const gap = i && time - points[i - 1].time > LARGEST_GAP_S + stride / model.rate_hz;
      pen += `${i && !gap ? "L" : "M"}${x(time).toFixed(1)} ${y(vector[d]).toFixed(1)}`;
    });
    parts.push(`<path class="trace" style="--colour:var(--c${index})" d="${pen}" ` +
      `stroke-dasharray="${stride > 1 ? "none" : dashes[index]}"/>`);
  });
  const ends = shown.map((d) => ({ d, at: y(points.at(-1).vector[d]) }))
    .sort((a, b) => a.at - b.at);
  ends.forEach((end, i) => { if (i) end.at = Math.max(end.at, ends[i - 1].at + 16); });
  for (const { d, at } of ends) {
    parts.push(`<text x="${right + 8}" y="${at + 5}">${escaped(model.channels[d].axis)}</text>`);
  }
  document.getElementById("signal-unit").textContent =
    `in ${model.channels[shown[0]].unit}, ` +
    (state === "done" ? "whole recording" : `last ${Math.round(until - from)} s`);
  place.innerHTML = svg(width, height, "Signal of the sensor", parts);
}

/** Draw a lane for each class, with its pieces and the time that they add up to. */
function drawTimeline(place, { pieces }, model) {
  if (!pieces.length) return;
  const width = place.clientWidth, narrow = width < 560;
  const lane = narrow ? 44 : 32, left = narrow ? 0 : 170, right = width - (narrow ? 0 : 72);
  const from = pieces[0].start, until = Math.max(pieces.at(-1).end, from + 30);
  const x = (time) => left + (right - left) * (time - from) / (until - from);
  const bottom = model.classes.length * lane, step = tickStep(until - from, narrow ? 4 : 9);
  const parts = [];
  for (let tick = 0; tick <= until - from; tick += step) {
    const at = x(from + tick);
    const anchor = tick === 0 ? "start" : at > right - 20 ? "end" : "middle";
    parts.push(`<line class="grid" x1="${at}" x2="${at}" y1="0" y2="${bottom}"/>` +
      `<text class="tick" x="${at}" y="${bottom + 18}" text-anchor="${anchor}">${clock(tick)}</text>`);
  }
  const totals = model.classes.map((_, index) => pieces.filter(({ best }) => best === index)
    .reduce((sum, { start, end }) => sum + end - start, 0));
  model.classes.forEach((name, index) => {
    const top = index * lane, bar = narrow ? 16 : 20, y = top + (narrow ? 22 : 6);
    const label = escaped(words(name));
    parts.push(`<line class="grid" x1="${left}" x2="${right}" y1="${y + bar + 3}" y2="${y + bar + 3}"/>`,
      narrow ? `<text x="0" y="${top + 16}">${label}</text>`
        : `<text x="${left - 14}" y="${y + 15}" text-anchor="end">${label}</text>`,
      `<text class="tick" x="${width}" y="${narrow ? top + 16 : y + 15}" text-anchor="end">` +
        `${clock(totals[index])}</text>`);
    for (const { start, end, best } of pieces) {
      if (best !== index) continue;
      parts.push(`<rect class="piece" style="--colour:var(--c${index % 8})" x="${x(start)}" y="${y}" ` +
        `width="${Math.max(1.5, x(end) - x(start))}" height="${bar}" rx="2"/>`);
    }
  });
  const spoken = model.classes.map((name, index) => `${words(name)} ${clock(totals[index])}`).join(", ");
  place.innerHTML = svg(width, bottom + 24, `Minutes and seconds of each activity: ${spoken}`, parts);
}
