/**
 * Figures as people read them. Unknown (null) is "", never 0.
 */

/**
 * @param {number | null | undefined} seconds
 * @returns {string} "0.31 s", "12.4 s", "2 min 05 s"
 */
export function duration(seconds) {
  if (seconds == null || !Number.isFinite(seconds) || seconds < 0) return "";
  if (seconds < 1) return `${seconds.toFixed(2)} s`;
  if (seconds < 60) return `${(Math.floor(seconds * 10) / 10).toFixed(1)} s`;
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

/**
 * @param {number} count
 * @returns {string} "1,234"
 */
export function integer(count) {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/**
 * Tokens in and out; "~" before an estimate.
 * @param {number | null | undefined} input
 * @param {number | null | undefined} output
 * @param {boolean} estimated
 * @returns {string} "15 → ~412 tokens", "412 tokens", "15 tokens in"
 */
export function tokens(input, output, estimated) {
  if (output == null) return input == null ? "" : `${integer(input)} tokens in`;
  const out = `${estimated ? "~" : ""}${integer(output)} ${output === 1 && input == null ? "token" : "tokens"}`;
  return input == null ? out : `${integer(input)} → ${out}`;
}

/**
 * @param {number | null | undefined} perSecond
 * @param {boolean} estimated
 * @returns {string} "48.2 tokens/s", "~48.2 tokens/s"
 */
export function rate(perSecond, estimated) {
  if (perSecond == null || !Number.isFinite(perSecond)) return "";
  return `${estimated ? "~" : ""}${perSecond < 100 ? perSecond.toFixed(1) : integer(perSecond)} tokens/s`;
}

/**
 * How long a text is, in Unicode characters.
 * @param {number} count
 */
export function characters(count) {
  return `${integer(count)} ${count === 1 ? "character" : "characters"}`;
}
