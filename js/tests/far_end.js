/** @typedef {import("../protocol.js").FromKernel} FromKernel */

/** The far end of the wire: what a host hands to a widget, with the kernel's messages sent by hand. */
export class Model {
  /** What the page sent, in order. @type {object[]} */
  sent = [];
  /** @type {[event: string, listener: (message?: any) => void][]} */
  #listeners = [];

  /** @param {FromKernel | null} snapshot */
  constructor(snapshot = null) {
    this.snapshot = snapshot;
  }
  get() {
    return this.snapshot;
  }
  /** @param {string} event @param {(message?: any) => void} listener */
  on(event, listener) {
    this.#listeners.push([event, listener]);
  }
  /** @param {string} event @param {(message?: any) => void} listener */
  off(event, listener) {
    this.#listeners = this.#listeners.filter(([name, other]) => name !== event || other !== listener);
  }
  /** @param {object} message */
  send(message) {
    this.sent.push(message);
  }
  /** @param {FromKernel[]} messages */
  arrive(...messages) {
    for (const message of messages) this.trigger("msg:custom", message);
  }
  /** @param {string} event @param {FromKernel} [message] */
  trigger(event, message) {
    for (const [name, listener] of this.#listeners) if (name === event) listener(message);
  }
}
