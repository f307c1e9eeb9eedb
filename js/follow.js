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
  #begun = false;
  #changed;
  #top = 0;

  /**
   * @param {HTMLElement} box
   * @param {(pinned: boolean) => void} changed
   */
  constructor(box, changed) {
    this.#box = box;
    this.#changed = changed;
    box.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    box.addEventListener("wheel", (event) => event.deltaY < 0 && this.#letGo(), { passive: true });
    box.addEventListener("keydown", (event) => UP.has(event.key) && this.#letGo());
    const { ResizeObserver } = /** @type {Window & typeof globalThis} */ (box.ownerDocument.defaultView);
    new ResizeObserver(() => this.#begun && this.toEnd()).observe(box);
  }

  /** Call after text was added. */
  toEnd() {
    this.#begun = true;
    if (this.#pinned && !this.#selecting()) this.#box.scrollTop = this.#box.scrollHeight;
    else if (this.#pinned && !this.#atEnd()) this.#pin(false);
  }

  /** Go to the end, and follow it again. */
  jump() {
    this.#pin(true);
    this.#box.ownerDocument.getSelection()?.removeAllRanges();
    this.#box.scrollTop = this.#box.scrollHeight;
  }

  /** Only a way up lets go: a new layout moves the end away from us too. */
  #scrolled() {
    if (this.#atEnd()) this.#pin(true);
    else if (this.#box.scrollTop < this.#top) this.#pin(false);
    this.#top = this.#box.scrollTop;
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
