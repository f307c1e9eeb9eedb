/**
 * The anywidget: one model per cell, which keeps the text, and any number of views of it.
 */

import { Link } from "./link.js";
import { Cell } from "./protocol.js";
import { View } from "./view.js";

/** @typedef {import("./protocol.js").FromKernel} FromKernel */

/** The traits this front end reads. @typedef {{ _snapshot: FromKernel | null }} Traits */

/**
 * What tells that the kernel's end is gone. Jupyter's widget manager takes all models for dead when the kernel
 * restarts, and says so by the first; it never takes one for living again. Nothing tells of a kernel that the
 * server restarts by itself.
 * Source: @jupyter-widgets/base-manager 1.0, `disconnect`; @jupyter-widgets/base 6, `comm_live`.
 */
const GONE = ["comm_live_update", "comm:close"];

/**
 * A function, so that each model has a cell of its own; both halves give back their own end, which every
 * version of anywidget honours.
 * @returns {{
 *   initialize: (props: { model: import("@anywidget/types").AnyModel<Traits> }) => () => void,
 *   render: (props: { el: HTMLElement }) => () => void,
 * }}
 */
export default function widget() {
  const cell = new Cell();
  /** @type {Set<View>} */
  const views = new Set();

  const link = new Link(cell, (message) => post(message));
  /** @type {(message: import("./protocol.js").ToKernel) => void} */
  let post = () => {}; // until there is a model

  return {
    initialize({ model }) {
      post = (message) => model.send(message);
      /** @param {FromKernel | null} message */
      const receive = (message) => {
        if (message) link.receive(message, performance.now());
        for (const view of views) view.wake();
      };
      const gone = () => {
        link.lost(performance.now());
        for (const view of views) view.wake();
      };
      model.on("msg:custom", receive);
      for (const event of GONE) model.on(event, gone);
      link.greet(performance.now());
      receive(model.get("_snapshot"));
      return () => {
        model.off("msg:custom", receive);
        for (const event of GONE) model.off(event, gone);
      };
    },

    render({ el }) {
      const view = new View(cell, link, el);
      views.add(view);
      return () => {
        views.delete(view);
        view.close();
      };
    },
  };
}
