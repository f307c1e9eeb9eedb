/**
 * Make the children of an element what they shall be, by touching as little as can be: a selection in what stays the
 * same survives, and text that grew has its growth appended.
 */

/**
 * A text, an element to be, or something that makes itself and is then left alone while its key stays the same.
 * @typedef {string | Shape | Own} Spec
 * @typedef {{ tag: string, attributes?: Record<string, string>, children?: Spec[] }} Shape
 * @typedef {{ key: string, make: (document: Document) => Element }} Own
 */

/** @type {WeakMap<Node, string>} */
const keys = new WeakMap();

/**
 * @param {Element} parent
 * @param {Spec[]} specs
 * @param {number} [kept] so many of its first children are not looked at
 */
export function patch(parent, specs, kept = 0) {
  let node = kept === 0 ? parent.firstChild : (parent.childNodes[kept] ?? null);
  for (const spec of joined(specs)) {
    if (node && fits(node, spec)) update(node, spec);
    else {
      const made = build(parent.ownerDocument, spec);
      if (node) parent.replaceChild(made, node);
      else parent.appendChild(made);
      node = made;
    }
    node = node.nextSibling;
  }
  while (node) {
    const next = node.nextSibling;
    node.remove();
    node = /** @type {ChildNode | null} */ (next);
  }
}

/**
 * @param {Document} document
 * @param {Spec} spec
 * @returns {ChildNode}
 */
function build(document, spec) {
  if (typeof spec === "string") return document.createTextNode(spec);
  if ("make" in spec) {
    const made = spec.make(document);
    keys.set(made, spec.key);
    return made;
  }
  const made = document.createElement(spec.tag);
  for (const [name, value] of Object.entries(spec.attributes ?? {})) made.setAttribute(name, value);
  for (const child of joined(spec.children ?? [])) made.appendChild(build(document, child));
  return made;
}

/** @param {Node} node @param {Spec} spec */
function fits(node, spec) {
  if (typeof spec === "string") return node.nodeType === 3;
  if ("make" in spec) return keys.get(node) === spec.key;
  return node.nodeType === 1 && !keys.has(node) && /** @type {Element} */ (node).localName === spec.tag;
}

/** @param {Node} node @param {Spec} spec */
function update(node, spec) {
  if (typeof spec === "string") grow(/** @type {Text} */ (node), spec);
  else if (!("make" in spec)) {
    const element = /** @type {Element} */ (node);
    dress(element, spec.attributes ?? {});
    patch(element, spec.children ?? []);
  }
}

/**
 * Give an element these attributes and no others.
 * @param {Element} element
 * @param {Record<string, string>} attributes
 */
export function dress(element, attributes) {
  for (const { name } of [...element.attributes]) if (!(name in attributes)) element.removeAttribute(name);
  for (const [name, value] of Object.entries(attributes)) {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
}

/** @param {Text} node @param {string} wanted */
function grow(node, wanted) {
  const is = node.data;
  if (is === wanted) return;
  if (wanted.startsWith(is)) {
    node.appendData(wanted.slice(is.length));
    return;
  }
  let same = 0;
  while (is[same] === wanted[same]) same += 1;
  node.replaceData(same, is.length - same, wanted.slice(same));
}

/**
 * Neighbouring texts as one, empty ones as none.
 * @param {Spec[]} specs
 */
export function joined(specs) {
  /** @type {Spec[]} */
  const result = [];
  for (const spec of specs) {
    const last = result.length - 1;
    if (spec === "") continue;
    if (typeof spec === "string" && typeof result[last] === "string") result[last] += spec;
    else result.push(spec);
  }
  return result;
}
