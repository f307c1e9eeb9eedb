/**
 * Where a link or an image of a model may lead: to http, https and mailto, and nowhere else.
 *
 * The browser's own parser decides what a destination is, after all spaces, entities and escapes: what it takes for
 * another scheme, or for a place relative to the page, is no link.
 */

/** @typedef {{ href: string, host: string }} Goal */

/** Longer than anyone reads before clicking. */
const LONGEST = 4096;
/** Characters that turn or hide what stands around them. */
const DECEPTIVE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;
const HOSTLIKE = /[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.\p{L}{2,}/giu;

/**
 * @param {string | null} destination
 * @returns {Goal | null} null: it leads nowhere
 */
export function linkGoal(destination) {
  const url = parsed(destination);
  if (url?.protocol === "mailto:" && url.pathname) return { href: url.href, host: readable(decoded(url.pathname)) };
  if (url?.protocol !== "http:" && url?.protocol !== "https:") return null;
  // A name and password before the host are there to be taken for it.
  url.username = url.password = "";
  return { href: url.href, host: url.host };
}

/**
 * @param {string | null} destination
 * @returns {Goal | null} null: it is never loaded
 */
export function imageGoal(destination) {
  const goal = linkGoal(destination);
  return goal?.href.startsWith("https:") ? goal : null;
}

/**
 * Whether a link's text names another place than the one it leads to.
 * @param {string} text
 * @param {string} host
 */
export function misleads(text, host) {
  const named = text.slice(0, LONGEST).replace(DECEPTIVE, "").toLowerCase().match(HOSTLIKE) ?? [];
  const name = host.toLowerCase().replace(/:\d+$/, "").replace(/^.*@/, "");
  return named.length > 0 && !named.some((other) => name === other || name.endsWith(`.${other}`));
}

/**
 * Text for a tooltip: on one line, without what could disguise the rest.
 * @param {string} text
 */
export function readable(text) {
  const plain = text.replace(/\s+/g, " ").replace(DECEPTIVE, "").trim();
  return plain.length > 200 ? `${plain.slice(0, 199)}…` : plain;
}

/** @param {string | null} destination */
function parsed(destination) {
  if (!destination || destination.length > LONGEST) return null;
  try {
    return new URL(destination);
  } catch {
    return null;
  }
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
