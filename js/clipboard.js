/**
 * Put a text on the clipboard: by the browser's interface for it, and where that is missing or refused (a page
 * without https, a frame without permission) by the old command, which needs none.
 */

import { element } from "./dom.js";

/**
 * Call it from a click or a key.
 * @param {Document} document
 * @param {string} text
 * @returns {Promise<boolean>} whether it is there
 */
export async function copy(document, text) {
  const clipboard = document.defaultView?.navigator.clipboard;
  try {
    if (clipboard?.writeText) {
      await clipboard.writeText(text);
      return true;
    }
  } catch {
    // refused: the old command is left
  }
  return copyByCommand(document, text);
}

/**
 * @param {Document} document
 * @param {string} text
 */
function copyByCommand(document, text) {
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  const selection = document.getSelection();
  const ranges = selection === null ? [] : Array.from({ length: selection.rangeCount }, (_, i) => selection.getRangeAt(i));
  const field = element(document, "textarea", "hs-unseen", { readonly: "", tabindex: "-1" });
  field.value = text;
  // Beside the focused element, so that whatever keeps the focus inside a dialog or an output is content.
  (focused?.parentElement ?? document.body).append(field);
  try {
    field.focus({ preventScroll: true });
    field.select();
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    field.remove();
    focused?.focus({ preventScroll: true });
    selection?.removeAllRanges();
    for (const range of ranges) selection?.addRange(range);
  }
}
