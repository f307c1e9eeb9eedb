/**
 * Which of several answers came first, fastest, cheapest, longest. Unknown is left out, never taken for 0.
 */

import * as figures from "./figures.js";

/** @typedef {import("./protocol.js").PaneBuffer} PaneBuffer */
/** @typedef {import("./protocol.js").State} State */

/**
 * @typedef {object} Rank
 * @property {string} what "First word"
 * @property {number[]} panes the best, more than one if they are level
 * @property {string} value ready to show
 */

/**
 * Who said the first word is told at once; the rest between complete answers only, for half an answer is cheap.
 * @param {PaneBuffer[]} panes
 * @returns {Rank[]}
 */
export function ranks(panes) {
  const states = panes.map((pane) => pane.state);
  const whole = panes.map((pane) => (pane.state?.status === "complete" ? pane.state : null));
  return [
    rank("First word", states.map((state) => state?.ttft_s ?? null), Math.min, 1, (best) => figures.duration(best)),
    rank("Fastest", whole.map((state) => state?.tokens_per_s ?? null), Math.max, 2, (best) => figures.rate(best, false)),
    cheapest(whole),
    rank("Longest", panes.map((pane, i) => (whole[i] ? pane.answer.length : null)), Math.max, 2, (best) => figures.characters(best)),
  ].filter((found) => found !== null);
}

/**
 * Where the least of the costs is but a lower bound ("≥ $0.01"), nobody knows which answer was the cheapest.
 * @param {(State | null)[]} whole
 */
function cheapest(whole) {
  const found = rank("Cheapest", whole.map((state) => state?.cost_usd ?? null), Math.min, 2, (_, i) => whole[i]?.cost ?? "");
  return found?.panes.some((i) => whole[i]?.cost?.startsWith("≥")) ? null : found;
}

/**
 * @param {string} what
 * @param {(number | null)[]} values
 * @param {(...values: number[]) => number} best
 * @param {number} least so many must be known for a ranking to mean anything
 * @param {(value: number, pane: number) => string} show
 * @returns {Rank | null}
 */
function rank(what, values, best, least, show) {
  const known = values.filter((value) => value !== null);
  if (known.length < least) return null;
  const value = best(...known);
  const panes = values.flatMap((other, i) => (other === value ? [i] : []));
  if (panes.length === known.length && known.length > 1) return null; // all level: nothing to tell
  return { what, panes, value: show(value, /** @type {number} */ (panes[0])) };
}

/**
 * A name for each pane, and a number where one model answers twice.
 * @param {PaneBuffer[]} panes
 */
export function names(panes) {
  const models = panes.map((pane) => pane.state?.model ?? "");
  return models.map((model, i) => {
    const twins = models.flatMap((other, j) => (other === model ? [j] : []));
    return twins.length > 1 ? `${model} (${twins.indexOf(i) + 1})` : model;
  });
}
