/**
 * Small shapes: one per status, so that no status is told by colour alone, and one per control.
 */

/** @typedef {import("./protocol.js").Status} Status */

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {"stop" | "resume" | "retry" | "pick" | "copy" | "copied" | "fold" | "unfold" | "latest" | "differences"} Control */

/** Drawn on a field of 16 by 16. @type {Record<Status | Control, string>} */
const PATHS = {
  queued: "M8 3a5 5 0 1 0 0 10a5 5 0 1 0 0-10", // an empty ring
  starting: "M8 3a5 5 0 0 1 5 5", // a quarter of a ring
  connecting: "M8 3a5 5 0 0 1 0 10", // half a ring
  waiting: "M6 4v8M10 4v8", // a pause
  streaming: "M8 6a2 2 0 1 0 0 4a2 2 0 1 0 0-4M8 6v4M6 8h4", // a full dot
  complete: "M3.5 8.5l3 3l6-7", // a tick
  interrupted: "M4 4h8v8h-8z", // a square, as on the button that stopped it
  failed: "M4 4l8 8M12 4l-8 8", // a cross

  stop: "M4.5 4.5h7v7h-7z", // a square
  resume: "M5.5 3.5l7 4.5l-7 4.5z", // a triangle, as on a player
  retry: "M13 8a5 5 0 1 1-1.5-3.5M12.5 2v3h-3", // round again
  pick: "M8 2.5l1.7 3.5l3.8.5l-2.8 2.7l.7 3.8l-3.4-1.8l-3.4 1.8l.7-3.8l-2.8-2.7l3.8-.5z", // a star
  copy: "M6 6h7v7h-7zM3 10v-7h7", // a sheet over a sheet
  copied: "M3.5 8.5l3 3l6-7", // a tick
  fold: "M4 10l4-4l4 4",
  unfold: "M4 6l4 4l4-4",
  latest: "M8 3v9.5M4 9l4 4l4-4", // an arrow to the ground
  differences: "M8 3v6M5 6h6M5 12.5h6", // plus and minus
};

/** A shape that can change. */
export class Shape {
  /**
   * @param {Document} document
   * @param {Status | Control} name
   */
  constructor(document, name) {
    this.element = document.createElementNS(SVG, "svg");
    this.element.setAttribute("class", "hs-shape");
    this.element.setAttribute("viewBox", "0 0 16 16");
    this.element.setAttribute("width", "16"); // also where no style sheet comes through
    this.element.setAttribute("height", "16");
    this.element.setAttribute("fill", "none");
    this.element.setAttribute("stroke", "currentColor");
    this.element.setAttribute("aria-hidden", "true");
    this.path = this.element.appendChild(document.createElementNS(SVG, "path"));
    this.name = name;
    this.show(name);
  }

  /** @param {Status | Control} name */
  show(name) {
    const path = PATHS[name] ?? PATHS.queued;
    this.name = name;
    if (this.path.getAttribute("d") !== path) this.path.setAttribute("d", path);
  }
}
