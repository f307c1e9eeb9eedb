/**
 * Whoever pressed a button of a cell that then goes (as it does when its answer is whole) is still in that place of
 * the notebook: the next key must be heard there, and not be lost on a page in which nothing has the focus.
 */

/** What a host lets the focus rest on. */
const PLACES = "[tabindex]";

/**
 * @param {HTMLElement} root
 * @returns {() => void} to be called when the root goes, or has gone: gives the focus to what is around it, if it was
 *     in the root and went nowhere else
 */
export function keepPlace(root) {
  const document = root.ownerDocument;
  /** @type {HTMLElement | null} */
  let place = null;
  root.addEventListener("focusin", () => {
    place = /** @type {HTMLElement | null} */ (root.parentElement?.closest(PLACES) ?? null);
  });
  root.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget !== null && !root.contains(/** @type {Node} */ (relatedTarget))) place = null;
  });
  return () => {
    const nowhere = document.activeElement === null || document.activeElement === document.body;
    if (nowhere || root.contains(document.activeElement)) place?.focus({ preventScroll: true });
  };
}
