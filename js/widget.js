/**
 * The anywidget: one model per cell, which keeps the text, and any number of views of it.
 */

import { Cell } from "./protocol.js";
import { View } from "./view.js";

/** @typedef {import("./protocol.js").FromKernel} FromKernel */
/** @typedef {import("./protocol.js").ToKernel} ToKernel */

/** The traits this front end reads. @typedef {{ _snapshot: FromKernel | null }} Traits */

/** Unanswered, ask again for what was lost only after this long, in milliseconds: a busy kernel answers late. */
const ASK_AGAIN = 5_000;

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

  return {
    initialize({ model }) {
      let asked = -Infinity;
      /** @param {ToKernel} message */
      const send = (message) => model.send(message);
      /** @param {FromKernel | null} message */
      const receive = (message) => {
        const now = performance.now();
        if (message) cell.receive(message, now);
        if (message?.type === "snapshot") asked = -Infinity;
        if (cell.gap && now - asked > ASK_AGAIN) {
          asked = now;
          send({ type: "sync" });
        }
        for (const view of views) view.wake();
      };
      const gone = () => {
        cell.orphan(performance.now());
        for (const view of views) view.wake();
      };
      model.on("msg:custom", receive);
      for (const event of GONE) model.on(event, gone);
      send({ type: "hello" });
      receive(model.get("_snapshot"));
      return () => {
        model.off("msg:custom", receive);
        for (const event of GONE) model.off(event, gone);
      };
    },

    render({ el }) {
      const view = new View(cell, el);
      views.add(view);
      return () => {
        views.delete(view);
        view.close();
      };
    },
  };
}
