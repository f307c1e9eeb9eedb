/**
 * Addresses that stand in a text as they are: `https://…`, `www.…`, `name@host`.
 *
 * Source: https://github.github.com/gfm/#autolinks-extension-, 2026-11-22. Besides, one may follow any letter that is not
 * Latin, and ends before the punctuation of Chinese and Japanese.
 */

const BEGIN = /(?:https?:\/\/|www\.)/gi;
const ADDRESS = /(?:https?:\/\/|www\.)(?<domain>[^\s<>/?#:@\u3000-\u303f\uff00-\uffef]+)[^\s<>\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\u3000-\u303f\uff00-\uffef]*/iy;
const DOMAIN = /^[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)*\.[\p{L}\p{N}-]+$/u;
const LOCAL = /[A-Za-z0-9._+-]/;
const HOST = /[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+/y;

/**
 * The text cut into plain text and addresses.
 * @param {string} text
 * @returns {{ text: string, destination: string | null }[]}
 */
export function addresses(text) {
  if (!/:\/\/|www\.|@/i.test(text)) return [{ text, destination: null }];
  const found = [...webAddresses(text), ...mailAddresses(text)].sort((one, other) => one.from - other.from);
  /** @type {{ text: string, destination: string | null }[]} */
  const parts = [];
  let at = 0;
  for (const { from, to, destination } of found) {
    if (from < at) continue;
    if (from > at) parts.push({ text: text.slice(at, from), destination: null });
    parts.push({ text: text.slice(from, to), destination });
    at = to;
  }
  if (at < text.length) parts.push({ text: text.slice(at), destination: null });
  return parts;
}

/** @param {string} text */
function* webAddresses(text) {
  for (const begin of text.matchAll(BEGIN)) {
    const from = begin.index;
    if (/[A-Za-z0-9/]/.test(text[from - 1] ?? "")) continue;
    ADDRESS.lastIndex = from;
    const match = ADDRESS.exec(text);
    if (!match) continue;
    const address = trimmed(match[0]);
    const domain = (match.groups?.domain ?? "").slice(0, address.length);
    if (!DOMAIN.test(domain.replace(/[?!.,*~)'"]+$/, ""))) continue;
    yield { from, to: from + address.length, destination: /^www/i.test(address) ? `http://${address}` : address };
  }
}

/** @param {string} text */
function* mailAddresses(text) {
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    let from = at;
    while (from > 0 && at - from < 64 && LOCAL.test(text[from - 1] ?? "")) from -= 1;
    HOST.lastIndex = at + 1;
    const host = HOST.exec(text)?.[0];
    if (from === at || !host || /[-_]$/.test(host) || text[from - 1] === "/") continue;
    const to = at + 1 + host.length;
    yield { from, to, destination: `mailto:${text.slice(from, to)}` };
  }
}

/**
 * An address without the punctuation of the sentence around it.
 * @param {string} address
 */
function trimmed(address) {
  let end = address.length;
  const count = (/** @type {string} */ sign) => address.slice(0, end).split(sign).length;
  for (;;) {
    const last = address[end - 1] ?? "";
    const entity = last === ";" ? /&[A-Za-z0-9]+;$/.exec(address.slice(0, end)) : null;
    if (entity) end -= entity[0].length;
    else if (/[?!.,:*_~'"]/.test(last)) end -= 1;
    else if (last === ")" && count(")") > count("(")) end -= 1;
    else return address.slice(0, end);
  }
}
