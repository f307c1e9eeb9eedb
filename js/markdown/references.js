/**
 * What a text refers to by name, and where: the targets of reference links, and footnotes.
 *
 * A definition may come long after what refers to it. Whoever looks for a name in vain is noted and told when it
 * comes. What is defined while the end of the text is only being peeked at is forgotten after.
 */

/** @typedef {{ destination: string, title: string }} Target */

export class References {
  /** @type {Map<string, Target>} */
  #targets = new Map();
  /** Definitions in the part that is only peeked at; null otherwise. @type {Map<string, Target> | null} */
  #aside = null;
  /** @type {Set<string> | null} */
  #missed = null;
  /** Who waits for a name. @type {Map<string, Set<() => void>>} */
  #waiting = new Map();
  /** Names defined since the last time. @type {Set<string>} */
  #arrived = new Set();

  constructor() {
    /** What commonmark.js looks up and fills. @type {import("commonmark").Refmap} */
    this.links = new Proxy(/** @type {import("commonmark").Refmap} */ ({}), {
      get: (_, name) => this.#find(String(name)),
      set: (_, name, target) => {
        this.#define(String(name), target);
        return true;
      },
    });
  }

  /**
   * @template Result
   * @param {() => Result} look
   * @returns {Result}
   */
  aside(look) {
    this.#aside = new Map();
    try {
      return look();
    } finally {
      this.#aside = null;
    }
  }

  /**
   * Do something, and hear which names it looked for in vain.
   * @param {() => void} work
   * @returns {Set<string>}
   */
  missedBy(work) {
    const outer = this.#missed;
    const missed = (this.#missed = new Set());
    try {
      work();
    } finally {
      this.#missed = outer;
    }
    return missed;
  }

  /**
   * Call `again` once one of the names is defined.
   * @param {Set<string>} names
   * @param {() => void} again
   */
  await(names, again) {
    for (const name of names) {
      const waiting = this.#waiting.get(name) ?? new Set();
      this.#waiting.set(name, waiting.add(again));
    }
  }

  /** Tell those who wait for what has been defined since the last time. */
  tell() {
    /** @type {Set<() => void>} */
    const told = new Set();
    for (const name of this.#arrived) {
      for (const again of this.#waiting.get(name) ?? []) told.add(again);
      this.#waiting.delete(name);
    }
    this.#arrived.clear();
    for (const again of told) again();
  }

  /** Tell those who wait for what is defined at the end that is only peeked at; they go on waiting. */
  tellAside() {
    const told = new Set([...(this.#aside?.keys() ?? [])].flatMap((name) => [...(this.#waiting.get(name) ?? [])]));
    for (const again of told) again();
  }

  /** @param {string} name */
  #find(name) {
    const target = this.#targets.get(name) ?? this.#aside?.get(name);
    if (target === undefined) this.#missed?.add(name);
    return target;
  }

  /** @param {string} name @param {Target} target */
  #define(name, target) {
    if (this.#aside) {
      this.#aside.set(name, target);
      return;
    }
    this.#targets.set(name, target);
    this.#arrived.add(name);
  }
}
