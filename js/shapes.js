/**
 * One small shape per status, so that no status is told by colour alone.
 */

/** @typedef {import("./protocol.js").Status} Status */

const SVG = "http://www.w3.org/2000/svg";

/** Drawn on a field of 16 by 16 with a line of 2. @type {Record<Status, string>} */
const PATHS = {
  queued: "M8 3a5 5 0 1 0 0 10a5 5 0 1 0 0-10", // an empty ring
  starting: "M8 3a5 5 0 0 1 5 5", // a quarter of a ring
  connecting: "M8 3a5 5 0 0 1 0 10", // half a ring
  waiting: "M6 4v8M10 4v8", // a pause
  streaming: "M8 6a2 2 0 1 0 0 4a2 2 0 1 0 0-4M8 6v4M6 8h4", // a full dot
  complete: "M3.5 8.5l3 3l6-7", // a tick
  interrupted: "M4 4h8v8h-8z", // a square, as on the button that stopped it
  failed: "M4 4l8 8M12 4l-8 8", // a cross
};

/** A shape that can change. */
export class Shape {
  /** @param {Document} document */
  constructor(document) {
    this.element = document.createElementNS(SVG, "svg");
    this.element.setAttribute("class", "hs-shape");
    this.element.setAttribute("viewBox", "0 0 16 16");
    this.element.setAttribute("width", "16"); // also where no style sheet comes through
    this.element.setAttribute("height", "16");
    this.element.setAttribute("fill", "none");
    this.element.setAttribute("stroke", "currentColor");
    this.element.setAttribute("aria-hidden", "true");
    this.path = this.element.appendChild(document.createElementNS(SVG, "path"));
  }

  /** @param {Status} status */
  show(status) {
    const path = PATHS[status] ?? PATHS.queued;
    if (this.path.getAttribute("d") !== path) this.path.setAttribute("d", path);
  }
}
