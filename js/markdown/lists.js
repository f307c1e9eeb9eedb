/**
 * Whether a list is loose: whether blank lines stand between its items, or between the blocks of one.
 *
 * Each pair of neighbours is looked at once, however often the question is put.
 */

/** @typedef {import("commonmark").Node} Block */

/**
 * Bring every list that this block stands in up to date.
 * @param {Block | null} block
 */
export function settle(block) {
  for (; block; block = block._parent) {
    if (block.type !== "list") continue;
    look(block);
    block._listData.tight = !block._apart;
  }
}

/** @param {Block} parent */
function look(parent) {
  for (let child = parent._looked ?? parent._firstChild; child; child = child._next) {
    if (parent.type === "list") {
      look(child);
      if (child._apart) parent._apart = true;
    }
    const next = child._next;
    if (next && child.sourcepos[1][0] !== next.sourcepos[0][0] - 1) parent._apart = true;
    parent._looked = child;
  }
}
