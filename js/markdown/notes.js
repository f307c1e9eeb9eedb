/**
 * Footnotes: their numbers, by the order in which the text refers to them, and the list of them at its end.
 */

import { element } from "../dom.js";

/** @typedef {{ label: string, name: string, item: HTMLLIElement, back: HTMLAnchorElement }} Note */

export class Notes {
  #root;
  /** No text knows it, so none can point into the page with it; other answers have others. */
  #prefix = `hs-md-${Math.random().toString(36).slice(2, 10)}-`;
  /** @type {string[]} */
  #order = [];
  /** Named in the part that is only peeked at. @type {string[]} */
  #aside = [];
  /** @type {Set<Note>} */
  #notes = new Set();
  #stale = false;

  /** @param {HTMLElement} root */
  constructor(root) {
    const document = root.ownerDocument;
    this.#root = root;
    this.element = element(document, "section", "hs-md-notes", { role: "doc-endnotes", "aria-label": "Notes" });
    this.list = element(document, "ol", "hs-md-notelist");
    this.element.append(this.list);
    root.addEventListener("click", this.#follow);
  }

  /** Forget all, and listen no more. */
  close() {
    this.#root.removeEventListener("click", this.#follow);
    this.element.remove();
  }

  /** What was only peeked at is looked at again. */
  begin() {
    this.#stale ||= this.#aside.length > 0;
    this.#aside = [];
  }

  /**
   * The number of a note that the text names here.
   * @param {string} label
   * @param {boolean} sealed whether this place of the text is done with
   */
  number(label, sealed) {
    if (sealed && !this.#order.includes(label)) {
      this.#order.push(label);
      this.#stale = true;
    }
    const known = [...this.#order, ...this.#aside];
    if (known.includes(label)) return known.indexOf(label) + 1;
    this.#aside.push(label);
    this.#stale = true;
    return known.length + 1;
  }

  /** @param {number} number */
  id(number) {
    return `${this.#prefix}${number}`;
  }

  /**
   * @param {string} label
   * @param {string} name
   * @returns {Note}
   */
  add(label, name) {
    const document = this.#root.ownerDocument;
    const item = element(document, "li", "hs-md-note");
    const back = element(document, "a", "hs-md-back", { href: "#", role: "doc-backlink", "aria-label": "Back to the text" });
    back.textContent = "↩";
    item.append(element(document, "div", "hs-md-notetext"), back);
    const note = { label, name, item, back };
    this.#notes.add(note);
    this.list.append(item);
    if (!this.element.isConnected || this.element.parentNode !== this.#root) this.#root.append(this.element);
    this.#stale = true;
    return note;
  }

  /** @param {Note} note */
  remove(note) {
    this.#notes.delete(note);
    note.item.remove();
    if (this.#notes.size === 0) this.element.remove();
  }

  /** Put the notes into the order of their numbers; those that nothing names come last. */
  arrange() {
    if (!this.#stale) return;
    this.#stale = false;
    const known = [...this.#order, ...this.#aside];
    const places = new Map(known.map((label, index) => [label, index]));
    const taken = new Set();
    let free = known.length;
    const placed = [...this.#notes].map((note) => {
      const named = !taken.has(note.label) && places.has(note.label);
      taken.add(note.label);
      return { note, named, at: named ? (places.get(note.label) ?? 0) : free++ };
    });
    placed.sort((one, other) => one.at - other.at);
    let before = this.list.firstChild;
    for (const { note, named, at } of placed) {
      if (note.item.value !== at + 1) note.item.value = at + 1;
      const id = named ? this.id(at + 1) : "";
      if (note.item.id !== id) note.item.id = id;
      note.back.hidden = !named;
      note.back.dataset.back = String(at + 1);
      if (before === note.item) before = before.nextSibling;
      else this.list.insertBefore(note.item, before);
    }
  }

  /** A click on a number goes to its note, one on ↩ back: within this text, and without a change of the page's address. @param {Event} event */
  #follow = (event) => {
    const target = /** @type {Element | null} */ (event.target)?.closest?.("a[data-note], a[data-back]");
    if (!target || !this.#root.contains(target)) return;
    event.preventDefault();
    const [note, back] = [target.getAttribute("data-note"), target.getAttribute("data-back")];
    const goal = note ? [...this.#notes].find(({ item }) => item.id === this.id(Number(note)))?.back : this.#root.querySelector(`a[data-note="${Number(back)}"]`);
    if (!goal) return;
    goal.scrollIntoView({ block: "nearest" });
    /** @type {HTMLElement} */ (goal).focus({ preventScroll: true });
  };
}
