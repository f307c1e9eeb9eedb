/** Rendering for tests: a text in pieces, and what came of it in a form that can be compared. */

import { Window } from "happy-dom";

import { NO_PAGE } from "../markdown/spans.js";
import { readable } from "../markdown/links.js";
import { StreamedMarkdown } from "../markdown/stream.js";

/** One page for all: making one takes longer than most tests. */
const page = new Window();

export const document = /** @type {Document} */ (/** @type {unknown} */ (page.document));

/**
 * The element that holds a text which came in these pieces.
 * @param {Iterable<string>} pieces
 * @param {import("../markdown/page.js").Options} [options]
 */
export function rendered(pieces, options = {}) {
  const element = document.createElement("div");
  const stream = new StreamedMarkdown(element, { budget: Infinity, ...options });
  for (const piece of pieces) stream.append(piece);
  stream.end();
  return element;
}

/**
 * The same, as HTML; the random part of names is left out.
 * @param {Iterable<string>} pieces
 */
export function html(pieces) {
  return rendered(pieces).innerHTML.replace(/hs-md-[a-z0-9]+-(\d+)/g, "hs-md-N-$1");
}

/** HTML as CommonMark's reference renders it, in an element. @param {string} source */
export function reference(source) {
  const element = document.createElement("div");
  element.innerHTML = source;
  return element;
}

/**
 * The structure of a rendering, as text. What this front end does on purpose otherwise than the reference is written as
 * the reference has it: tight lists by a class, HTML as text, links and images that lead nowhere.
 * @param {Node} parent
 * @returns {string}
 */
export function structure(parent) {
  return [...parent.childNodes].map(described).join("").replace(/\s*\n\s*/g, "\n").trim();
}

/** @param {ChildNode} node @returns {string} */
function described(node) {
  if (node.nodeType === 3) return node.textContent?.trim() ? (node.textContent ?? "") : "\n";
  const element = /** @type {HTMLElement} */ (node);
  const tag = element.localName;
  const is = (/** @type {string} */ name) => element.classList.contains(name);
  if (is("hs-md-html")) return `\n<html>${element.textContent?.trim()}</html>\n`;
  if (tag === "br") return "<br>\n";
  if (is("hs-md-code")) return code(element.querySelector(".hs-md-language")?.textContent ?? "", element.querySelector("code"));
  if (tag === "pre") return code((element.firstElementChild?.className ?? "").replace("language-", ""), element.firstElementChild);
  if (is("hs-md-image")) return picture(element);
  if (tag === "img") return `<img ${element.getAttribute("alt")} ${goal(element.getAttribute("src") ?? "")}>`;
  if (tag === "p" && element.parentElement?.localName === "li" && element.parentElement.parentElement?.classList.contains("hs-md-tight")) return `${structure(element)}\n`;
  const attributes = tag === "a" ? ` ${link(element)}` : tag === "ol" ? ` ${element.getAttribute("start") ?? ""}` : "";
  const space = /^(p|h\d|li|ul|ol|blockquote|hr)$/.test(tag) ? "\n" : "";
  return `${space}<${tag}${attributes}>${structure(element)}</${tag}>${space}`;
}

/** @param {string} language @param {Element | null} element */
function code(language, element) {
  return `<pre ${language}>${JSON.stringify(element?.textContent)}</pre>`;
}

/** @param {Element} element */
function picture(element) {
  const text = element.textContent ?? "";
  const button = element.querySelector("button");
  const alt = text.replace("🖼 ", "").replace(/ · load from .*/s, "");
  const to = button ? (button.title.match(/: (.*)/s)?.[1] ?? "") : (element.getAttribute("title") ?? "").replace("Not loaded: ", "");
  return `<img ${alt === "image" ? "" : alt} ${goal(to)}>`;
}

/** Where a link leads and what it says, however it is rendered. @param {Element} element */
function link(element) {
  const title = element.getAttribute("title") ?? "";
  if (element.classList.contains("hs-md-dead")) return title.replace(`${NO_PAGE}: `, "");
  const saying = element.classList.contains("hs-md-link") ? title.replace(/^.*?( — |$)/s, "") : readable(title);
  return goal(element.getAttribute("href") ?? "") + (saying ? ` — ${saying}` : "");
}

/** @param {string} address */
function goal(address) {
  return /^(https?|mailto):/i.test(address) ? new URL(address).href : readable(address);
}
