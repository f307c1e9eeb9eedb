/**
 * Keep the end of a scrolling box in sight, until the reader scrolls away or selects; never move the notebook.
 */

/** As near to the end as counts as the end, in pixels. */
const NEAR = 8;

/** Keys that scroll up. */
const UP = new Set(["ArrowUp", "PageUp", "Home"]);

export class Follow {
  #box;
  #pinned = true;
  #changed;

  /**
   * @param {HTMLElement} box
   * @param {(pinned: boolean) => void} changed
   */
  constructor(box, changed) {
    this.#box = box;
    this.#changed = changed;
    box.addEventListener("scroll", () => this.#pin(this.#atEnd()), { passive: true });
    box.addEventListener("wheel", (event) => event.deltaY < 0 && this.#letGo(), { passive: true });
    box.addEventListener("keydown", (event) => UP.has(event.key) && this.#letGo());
  }

  /** Call after text was added. */
  toEnd() {
    if (this.#pinned && !this.#selecting()) this.#box.scrollTop = this.#box.scrollHeight;
    else if (this.#pinned && !this.#atEnd()) this.#pin(false);
  }

  /** Go to the end, and follow it again. */
  jump() {
    this.#pin(true);
    this.#box.ownerDocument.getSelection()?.removeAllRanges();
    this.#box.scrollTop = this.#box.scrollHeight;
  }

  #letGo() {
    if (this.#box.scrollHeight > this.#box.clientHeight) this.#pin(false);
  }

  #atEnd() {
    return this.#box.scrollHeight - this.#box.clientHeight - this.#box.scrollTop <= NEAR;
  }

  #selecting() {
    const selection = this.#box.ownerDocument.getSelection();
    return selection !== null && !selection.isCollapsed && this.#box.contains(selection.anchorNode);
  }

  /** @param {boolean} pinned */
  #pin(pinned) {
    if (this.#pinned === pinned) return;
    this.#pinned = pinned;
    this.#changed(pinned);
  }
}
