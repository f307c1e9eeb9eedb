/**
 * Character references, for commonmark.js: numbers, the names of HTML 4, and those of ASCII's signs.
 *
 * The other two thousand names of HTML 5 (`&HilbertSpace;`) would weigh as much as the whole parser, in every notebook
 * that has a live cell. They stay as they are written.
 */

import { characterEntitiesHtml4 } from "character-entities-html4";

/** Source: https://html.spec.whatwg.org/multipage/named-characters.html, 2026-11-22 */
const SIGNS =
  "Tab\t NewLine\n excl! num# dollar$ percnt% apos' lpar( rpar) ast* midast* plus+ comma, period. sol/ colon: semi; equals= quest? commat@ " +
  "lsqb[ lbrack[ bsol\\ rsqb] rbrack] Hat^ lowbar_ grave` lcub{ lbrace{ verbar| vert| rcub} rbrace} check✓ star☆ nbsp\u00a0";

const NAMED = new Map(Object.entries(characterEntitiesHtml4));
for (const [, name = "", sign = ""] of SIGNS.matchAll(/([A-Za-z]+)([^A-Za-z])/g)) NAMED.set(name, sign);

/**
 * @param {string} reference as it is written, from `&` to `;`
 * @returns {string} the characters; the reference itself if nothing is known by that name
 */
export function decodeHTMLStrict(reference) {
  const name = reference.slice(1, -1);
  if (!name.startsWith("#")) return NAMED.get(name) ?? reference;
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10);
  const none = !(code > 0 && code <= 0x10ffff) || (code >= 0xd800 && code <= 0xdfff);
  return none ? "\ufffd" : String.fromCodePoint(code);
}
