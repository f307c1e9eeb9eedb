/**
 * Inline nodes as what the page shall hold. Only what is written here can come to be: no name of an element, no
 * attribute and no class is ever taken from a text.
 */

import { addresses } from "./autolinks.js";
import { imageGoal, linkGoal, misleads, readable } from "./links.js";

/** @typedef {import("commonmark").Node} Inline */
/** @typedef {import("./patch.js").Spec} Spec */

/**
 * What a text needs to know of the whole it stands in.
 * @typedef {{ note: (label: string) => { number: number, id: string } | null }} Surroundings
 */

/** Leads nowhere: a link whose end is still to come. */
export const PENDING = "hs-pending:";
/** What a link says of itself that leads nowhere. */
export const NO_PAGE = "Not a link to a web page";
/** Emphasis within emphasis; deeper, its text stays and its looks go. */
const DEEPEST = 40;

/**
 * @param {Inline} parent
 * @param {Surroundings} around
 * @param {number} [depth]
 * @param {boolean} [linked] within a link there is no other
 * @returns {Spec[]}
 */
export function spans(parent, around, depth = 0, linked = false) {
  if (depth > DEEPEST) return [plain(parent)];
  /** @type {Spec[]} */
  const made = [];
  let text = "";
  const flush = () => {
    made.push(...(linked ? [text] : linkedUp(text)));
    text = "";
  };
  for (let node = parent._firstChild; node; node = node._next) {
    if (node.type === "text") text += node._literal ?? "";
    else {
      flush();
      made.push(span(node, around, depth, linked));
    }
  }
  flush();
  return made;
}

/**
 * The bare text of a node.
 * @param {Inline} node
 * @returns {string}
 */
export function plain(node) {
  let text = node.type === "softbreak" || node.type === "linebreak" ? "\n" : (node._literal ?? "");
  /** @type {Inline[]} */
  const rest = [];
  for (let child = node._firstChild; child; child = child._next) rest.push(child);
  rest.reverse();
  for (let next = rest.pop(); next; next = rest.pop()) {
    text += next.type === "softbreak" || next.type === "linebreak" ? "\n" : (next._literal ?? "");
    for (let child = next._lastChild; child; child = child._prev) rest.push(child);
  }
  return text;
}

/** @type {Record<string, string>} */
const TAGS = { emph: "em", strong: "strong", strike: "del" };

/** @param {Inline} node @param {Surroundings} around @param {number} depth @param {boolean} linked @returns {Spec} */
function span(node, around, depth, linked) {
  const literal = node._literal ?? "";
  switch (node.type) {
    case "softbreak":
      return "\n";
    case "linebreak":
      return { tag: "br" };
    case "code":
      return { tag: "code", attributes: { class: "hs-md-span", dir: "auto" }, children: [literal] };
    case "math":
      return { tag: "span", attributes: { class: node._display ? "hs-md-math hs-md-display" : "hs-md-math", dir: "ltr" }, children: [literal] };
    case "link":
      return linkTo(node.destination, plain(node), node.title, spans(node, around, depth + 1, true));
    case "image":
      return image(node, linked);
    case "note_reference":
      return noteReference(node, around, linked);
    default: {
      const tag = TAGS[node.type];
      return tag ? { tag, children: spans(node, around, depth + 1, linked) } : literal;
    }
  }
}

/** @param {string} text @returns {Spec[]} */
function linkedUp(text) {
  return addresses(text).map((part) => (part.destination === null ? part.text : linkTo(part.destination, part.text, null, [part.text])));
}

/**
 * @param {string | null} destination
 * @param {string} text
 * @param {string | null} title
 * @param {Spec[]} children
 * @returns {Spec}
 */
function linkTo(destination, text, title, children) {
  if (destination === PENDING) return { tag: "a", attributes: { class: "hs-md-pending" }, children };
  const goal = linkGoal(destination);
  const saying = title ? ` — ${readable(title)}` : "";
  if (!goal) return { tag: "a", attributes: { class: "hs-md-dead", title: `${NO_PAGE}: ${readable(destination ?? "")}${saying}` }, children };
  /** @type {Record<string, string>} */
  const attributes = { class: "hs-md-link", href: goal.href, title: goal.host + saying, rel: "noopener noreferrer nofollow", target: "_blank" };
  if (misleads(text, goal.host)) attributes["data-host"] = goal.host;
  return { tag: "a", attributes, children };
}

/** @param {Inline} node @param {boolean} linked @returns {Spec} */
function image(node, linked) {
  const alt = plain(node);
  const goal = node.destination === PENDING ? null : imageGoal(node.destination);
  if (!goal || linked) {
    const title = node.destination === PENDING ? "An image" : `Not loaded: ${readable(node.destination ?? "")}`;
    return { tag: "span", attributes: { class: "hs-md-image", title }, children: [`🖼 ${alt || "image"}`] };
  }
  return { key: JSON.stringify([goal.href, alt]), make: (document) => askedFor(document, goal, alt) };
}

/**
 * An image that a reader has to ask for: loading it tells its server that it was read, when and by whom.
 * @param {Document} document
 * @param {import("./links.js").Goal} goal
 * @param {string} alt
 */
function askedFor(document, goal, alt) {
  const box = document.createElement("span");
  box.className = "hs-md-image";
  const button = document.createElement("button");
  button.type = "button";
  button.title = `Load the image from ${goal.host}: ${readable(goal.href)}`;
  button.textContent = `🖼 ${alt || "image"} · load from ${goal.host}`;
  button.addEventListener("click", () => {
    const picture = document.createElement("img");
    picture.referrerPolicy = "no-referrer";
    picture.alt = alt;
    picture.title = goal.host;
    picture.src = goal.href;
    button.replaceWith(picture);
  });
  box.appendChild(button);
  return box;
}

/** @param {Inline} node @param {Surroundings} around @param {boolean} linked @returns {Spec} */
function noteReference(node, around, linked) {
  const note = around.note(node._label ?? "");
  const written = `[^${node._name ?? ""}]`;
  if (!note) return { tag: "sup", attributes: { class: "hs-md-noteref" }, children: [written] };
  const number = String(note.number);
  const attributes = { href: `#${note.id}`, "data-note": number, role: "doc-noteref", "aria-label": `Note ${number}` };
  const inner = linked ? number : { tag: "a", attributes, children: [number] };
  return { tag: "sup", attributes: { class: "hs-md-noteref" }, children: [inner] };
}
