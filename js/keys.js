/**
 * Keys pressed in our controls are ours: JupyterLab would take `d d` on a button for "delete this cell". Keys
 * with Ctrl, Alt or Cmd stay the host's: whoever has just pressed a button and then Ctrl+S means the notebook.
 * A text reached by mouse leaves all keys to the host; reached by keyboard, it scrolls by its own.
 */

const OURS = "button, summary, select, a[href]";
const SCROLLS = "[tabindex='0']";

/**
 * What Lumino, the keyboard layer of JupyterLab and Notebook, looks for; Notebook 7 hears keys before we do. On the
 * focused element itself: shortcuts name it (`:focus`), and are found before any element around it is asked.
 * Source: @lumino/commands 2.3, `calculateDistance`; Notebook 7.6.5.
 */
const SUPPRESS = "data-lm-suppress-shortcuts";

/**
 * @param {HTMLElement} root
 * @returns {() => void} gives the keys back
 */
export function keepKeys(root) {
  const window = /** @type {Window} */ (root.ownerDocument.defaultView);
  /** @type {Element | null} */
  let scrolling = null;
  /** @param {FocusEvent} event */
  const focused = ({ target }) => {
    const box = /** @type {Element} */ (target);
    scrolling = box.matches(SCROLLS) && box.matches(":focus-visible") ? box : null;
  };
  /** @param {KeyboardEvent} event */
  const ours = (event) => {
    const target = /** @type {Element} */ (event.target);
    if (target !== scrolling && target.closest(OURS) === null) return false;
    return event.key === "Enter" || !(event.ctrlKey || event.altKey || event.metaKey);
  };
  /** @param {KeyboardEvent} event */
  const before = (event) => {
    const target = /** @type {Element} */ (event.target);
    if (root.contains(target)) target.toggleAttribute(SUPPRESS, ours(event));
  };
  /** @param {KeyboardEvent} event */
  const after = (event) => {
    if (ours(event)) event.stopPropagation();
  };
  window.addEventListener("keydown", before, true);
  root.addEventListener("focusin", focused);
  root.addEventListener("keydown", after);
  return () => window.removeEventListener("keydown", before, true);
}
