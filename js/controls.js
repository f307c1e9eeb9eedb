/**
 * The controls of one pane: in its header what serves at any time, below its text what can be done next.
 */

import { Button } from "./button.js";
import { element, mark, say } from "./dom.js";

/** @typedef {import("./protocol.js").Action} Action */
/** @typedef {import("./protocol.js").State} State */

/** What the kernel can be asked for: the word on the button, and the word from the press until it shows. */
const WORDS = /** @type {const} */ ({
  stop: ["Stop", "stopping…"],
  resume: ["Resume", "resuming…"],
  retry: ["Retry", "asking again…"],
  pick: ["Choose", "choosing…"],
});

/** What is offered below the text. */
const BELOW = /** @type {const} */ (["resume", "retry", "pick"]);

/** With so much left to do, what an action costs is written out; else it is in the button's title. */
const WRITTEN_OUT = new Set(["interrupted", "failed"]);


export class Controls {
  #document;
  #refuge;
  #hint;
  #actions;
  #copy;
  #fold;
  #note;
  /** @type {Map<Action, HTMLElement>} */
  #captions = new Map();

  /**
   * @param {Document} document
   * @param {{ press: (action: Action) => void, copy: (button: Button) => void, fold: () => void }} does
   * @param {HTMLElement} refuge takes the focus of a button that goes away
   */
  constructor(document, does, refuge) {
    this.#document = document;
    this.#refuge = refuge;
    this.#hint = element(document, "span", "hs-stop");
    this.#actions = new Map(
      /** @type {Action[]} */ (Object.keys(WORDS)).map((action) => [
        action,
        new Button(document, action, WORDS[action][0], () => does.press(action), { className: `hs-${action}-button` }),
      ]),
    );
    this.#copy = new Button(document, "copy", "Copy answer", () => does.copy(this.#copy), { quiet: true });
    this.#copy.says("Copy answer", "Copy the answer as the model wrote it, in Markdown");
    this.#fold = new Button(document, "fold", "Collapse", does.fold, { quiet: true });
    this.tools = element(document, "span", "hs-tools");
    this.tools.append(this.#hint, this.#button("stop").element, this.#copy.element, this.#fold.element);
    this.foot = element(document, "div", "hs-foot");
    this.#note = element(document, "span", "hs-note");
    for (const action of BELOW) this.foot.append(this.#row(action));
    this.foot.append(this.#note);
  }

  /**
   * @param {State} state
   * @param {{ live: boolean, heard: boolean, empty: boolean, note: string, isPending: (action: Action) => boolean, folded: boolean }} now
   */
  paint(state, { live, heard, empty, note, isPending, folded }) {
    const focused = this.#document.activeElement;
    for (const [action, button] of this.#actions) {
      const does = state.actions[action];
      const pending = isPending(action);
      button.show(heard && does !== undefined && !(action === "pick" && state.chosen));
      button.busy(pending);
      button.says(WORDS[action][pending ? 1 : 0], does ?? "");
      this.#writeOut(action, WRITTEN_OUT.has(state.status) && !button.element.hidden ? (does ?? "") : "");
    }
    say(this.#hint, live && this.#button("stop").element.hidden ? (state.stop_hint ?? "") : "");
    say(this.#note, note);
    this.#copy.show(!empty);
    this.foot.hidden = note === "" && !BELOW.some((action) => !this.#button(action).element.hidden);
    this.#fold.looks(folded ? "unfold" : "fold");
    this.#fold.says(folded ? "Expand" : "Collapse", folded ? "Show this answer again" : "Leave only the header of this answer");
    mark(this.#fold.element, "aria-expanded", String(!folded));
    if (focused instanceof this.#window.HTMLElement && focused.hidden && this.#owns(focused)) this.#refuge.focus({ preventScroll: true });
  }

  /** A button with room for what it does, in words. @param {Action} action */
  #row(action) {
    const row = element(this.#document, "span", "hs-row");
    const caption = element(this.#document, "span", "hs-caption", { id: `hs-${Math.random().toString(36).slice(2)}` });
    this.#captions.set(action, caption);
    row.append(this.#button(action).element, caption);
    return row;
  }

  /** @param {Action} action @param {string} words */
  #writeOut(action, words) {
    const caption = this.#captions.get(action);
    if (caption === undefined) return;
    say(caption, words);
    mark(this.#button(action).element, "aria-describedby", words ? caption.id : null);
  }

  /** @param {Action} action */
  #button(action) {
    return /** @type {Button} */ (this.#actions.get(action));
  }

  /** @param {Element} button */
  #owns(button) {
    return this.tools.contains(button) || this.foot.contains(button);
  }

  get #window() {
    return /** @type {Window & typeof globalThis} */ (this.#document.defaultView);
  }
}
