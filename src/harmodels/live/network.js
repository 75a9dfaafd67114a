"use strict";
// The trained network: weights from base64, and the forward pass of src/harmodels/nn in float64.
// Sizes: T steps, D channels, H units, C classes. A sequence is an array of T vectors.

/** Return the float32 numbers of a base64 text as doubles. */
function decodeTensor(base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return Float64Array.from(new Float32Array(bytes.buffer));
}

/** Return weight · vector + bias for a row-major weight (rows, columns). */
function affine(weight, bias, vector) {
  const columns = vector.length, result = new Float64Array(bias.length);
  for (let row = 0, at = 0; row < result.length; row++) {
    let sum = bias[row];
    for (let column = 0; column < columns; column++, at++) sum += weight[at] * vector[column];
    result[row] = sum;
  }
  return result;
}

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

// One step of each cell, as src/harmodels/nn/cells has it: x and h are the products
// of the input and of the last state, gate under gate, each with its own bias.
const CELLS = {
  simple_rnn(x, h, state) {
    for (let i = 0; i < state.h.length; i++) state.h[i] = Math.tanh(x[i] + h[i]);
  },
  gru(x, h, state) { // gates r, z, n
    const H = state.h.length;
    for (let i = 0; i < H; i++) {
      const r = sigmoid(x[i] + h[i]);
      const z = sigmoid(x[H + i] + h[H + i]);
      const n = Math.tanh(x[2 * H + i] + r * h[2 * H + i]);
      state.h[i] = n + z * (state.h[i] - n);
    }
  },
  lstm(x, h, state) { // gates i, f, g, o
    const H = state.h.length;
    const gate = (block, i) => x[block * H + i] + h[block * H + i];
    for (let i = 0; i < H; i++) {
      const kept = sigmoid(gate(1, i)) * state.c[i];
      state.c[i] = kept + sigmoid(gate(0, i)) * Math.tanh(gate(2, i));
      state.h[i] = sigmoid(gate(3, i)) * Math.tanh(state.c[i]);
    }
  },
};

/** Return the state after each step of a sequence, from a state of zeros. */
function runLayer(cell, layer, sequence) {
  const state = { h: new Float64Array(layer.hidden), c: new Float64Array(layer.hidden) };
  return sequence.map((vector) => {
    const x = affine(layer.weight_ih, layer.bias_ih, vector);
    const h = affine(layer.weight_hh, layer.bias_hh, state.h);
    CELLS[cell](x, h, state);
    return state.h.slice();
  });
}

/** Return the states of a layer, or of one and its twin that reads backwards, in the order of time. */
function runDirections(cell, [forward, reverse], sequence) {
  const states = runLayer(cell, forward, sequence);
  if (!reverse) return states;
  const others = runLayer(cell, reverse, sequence.slice().reverse()).reverse();
  return states.map((state, t) => Float64Array.of(...state, ...others[t]));
}

// What the output layer reads of the states in the order of time: their last (of the direction that
// reads backwards, whose units begin at `reverse`, the one at the first step), mean or maximum.
const POOLINGS = {
  last: (states, reverse) => states.at(-1).map((h, i) => i < reverse ? h : states[0][i]),
  mean: (states) => states[0].map((_, i) => states.reduce((sum, h) => sum + h[i], 0) / states.length),
  max: (states) => states[0].map((_, i) => states.reduce((most, h) => Math.max(most, h[i]), -Infinity)),
};

/** The networks of a model; `description` is what src/harmodels/live/network.py writes. */
class Network {
  constructor(description) {
    const layer = (tensors) => ({
      hidden: tensors.hidden,
      ...Object.fromEntries(["weight_ih", "weight_hh", "bias_ih", "bias_hh"].map(
        (name) => [name, decodeTensor(tensors[name])])),
    });
    this.cell = description.cell;
    this.outputs = description.outputs;
    this.pooling = description.pooling; // what is joined for the output layer
    this.branches = description.branches; // channels of each branch of a hierarchy, or null
    this.replicates = description.replicates.map((replicate) => ({
      branches: replicate.branches.map(layer),
      layers: replicate.layers.map((directions) => directions.map(layer)),
      weight: decodeTensor(replicate.output.weight),
      bias: decodeTensor(replicate.output.bias),
    }));
  }

  /** Return the probability of each class: the mean over the replicates. */
  probabilities(sequence) {
    const each = this.replicates.map((replicate) => this.#ofOne(replicate, sequence));
    return each[0].map((_, c) => each.reduce((sum, one) => sum + one[c], 0) / each.length);
  }

  #ofOne(replicate, sequence) {
    let states = sequence;
    if (this.branches) {
      const branches = this.branches.map((channels, index) => runLayer(this.cell,
        replicate.branches[index], sequence.map((vector) => channels.map((c) => vector[c]))));
      states = sequence.map((_, t) => branches.flatMap((branch) => Array.from(branch[t])));
    }
    for (const layer of replicate.layers) states = runDirections(this.cell, layer, states);
    const reverse = replicate.layers.at(-1)[0].hidden;
    const read = this.pooling.flatMap((part) => Array.from(POOLINGS[part](states, reverse)));
    const logits = affine(replicate.weight, replicate.bias, read);
    // The logarithms of independent sigmoids, scaled to add up to one, or the logits of a softmax:
    // either way the largest is subtracted first, so that nothing overflows.
    const logarithms = this.outputs === "sigmoids"
      ? logits.map((x) => Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)))) : logits;
    const largest = Math.max(...logarithms);
    const sizes = logarithms.map((x) => Math.exp(x - largest));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    return Array.from(sizes, (size) => size / total);
  }
}
