/**
 * Counting text as Python counts it: in Unicode code points, where JavaScript's `length` counts UTF-16 units.
 */

/**
 * How many code points a string has.
 * @param {string} text
 */
export function codePoints(text) {
  let count = text.length;
  for (let i = 1; i < text.length; i += 1) {
    if (isPair(text, i)) {
      count -= 1;
      i += 1;
    }
  }
  return count;
}

/**
 * What is left of a string after its first `count` code points.
 * @param {string} text
 * @param {number} count
 */
export function afterCodePoints(text, count) {
  let i = 0;
  for (let left = count; left > 0 && i < text.length; left -= 1) i += isPair(text, i + 1) ? 2 : 1;
  return text.slice(i);
}

/**
 * Where to cut a string near `at` without parting the two halves of one character.
 * @param {string} text
 * @param {number} at
 */
export function cut(text, at) {
  return isPair(text, at) ? at + 1 : at;
}

/**
 * Whether the units before and at `i` are one code point.
 * @param {string} text
 * @param {number} i
 */
function isPair(text, i) {
  const [high, low] = [text.charCodeAt(i - 1), text.charCodeAt(i)];
  return high >= 0xd800 && high <= 0xdbff && low >= 0xdc00 && low <= 0xdfff;
}
