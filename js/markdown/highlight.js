/**
 * Code in colours, line by line: what a line looks like depends on the lines before it and on nothing after, so a line
 * is coloured once. The languages are CodeMirror's, as in the host's own cells, and so are the names of the colours.
 */

import { javascript, json, typescript } from "@codemirror/legacy-modes/mode/javascript";
import { python } from "@codemirror/legacy-modes/mode/python";
import { shell } from "@codemirror/legacy-modes/mode/shell";
import { standardSQL } from "@codemirror/legacy-modes/mode/sql";
import { StringStream } from "@codemirror/streamparser";

/** @typedef {import("./patch.js").Spec} Spec */
/** @typedef {import("@codemirror/streamparser").StreamParser<any>} Language */

/** @type {[Language, string][]} */
const LANGUAGES = [
  [python, "python py python3 py3 ipython ipython3 pycon pyi"],
  [javascript, "javascript js jsx mjs cjs node"],
  [typescript, "typescript ts tsx mts cts"],
  [json, "json json5 jsonc jsonl ndjson"],
  [standardSQL, "sql postgresql postgres psql pgsql mysql sqlite tsql plsql duckdb bigquery"],
  [shell, "shell sh bash zsh ksh console shell-session shellsession terminal dockerfile"],
];
/** @type {Map<string, Language>} */
const BY_NAME = new Map(LANGUAGES.flatMap(([language, names]) => names.split(" ").map((name) => [name, language])));

/** What may become a class; any other name of a token has no colour. */
const COLOURS = new Set(["keyword", "atom", "number", "string", "comment", "operator", "builtin", "type", "def", "property", "variable", "meta", "tag", "attribute", "bracket", "punctuation"]);
/** @type {Record<string, string>} */
const OTHER_NAMES = { variableName: "variable", propertyName: "property", typeName: "type", macroName: "meta", self: "builtin", regexp: "string", bool: "atom", null: "atom" };

/** A longer line is not coloured: nobody reads it, and it would have to be done again with each of its tokens. */
const LONGEST = 1000;
const TAB = 4;

export class Highlighter {
  #language;
  #state;

  /** @param {string} name a language as a fence names it */
  constructor(name) {
    this.#language = BY_NAME.get(name.toLowerCase()) ?? null;
    this.#state = this.#language?.startState?.(TAB) ?? {};
  }

  /**
   * One more line, whole.
   * @param {string} line
   * @returns {Spec[]}
   */
  line(line) {
    return this.#coloured(line, this.#state);
  }

  /**
   * A line that may still grow: the same, but nothing is kept of it.
   * @param {string} line
   * @returns {Spec[]}
   */
  unfinished(line) {
    return this.#language ? this.#coloured(line, copied(this.#language, this.#state)) : [line];
  }

  /** @param {string} line @param {any} state @returns {Spec[]} */
  #coloured(line, state) {
    const language = this.#language;
    if (!language || line.length > LONGEST) return [line];
    if (!line) {
      language.blankLine?.(state, TAB);
      return [];
    }
    const stream = new StringStream(line, TAB, TAB);
    /** @type {Spec[]} */
    const specs = [];
    while (!stream.eol()) {
      const style = token(language, stream, state);
      const text = stream.current();
      const colour = style ? colourOf(style) : null;
      specs.push(colour ? { tag: "span", attributes: { class: `hs-tok-${colour}` }, children: [text] } : text);
      stream.start = stream.pos;
    }
    return specs;
  }
}

/** The next token; a language that stands still is helped on. @param {Language} language @param {StringStream} stream @param {any} state */
function token(language, stream, state) {
  stream.start = stream.pos;
  for (let tries = 0; tries < 10; tries += 1) {
    const style = language.token(stream, state);
    if (stream.pos > stream.start) return style;
  }
  stream.next();
  return null;
}

/** @param {string} style */
function colourOf(style) {
  const [name = "", kind = ""] = (style.split(" ")[0] ?? "").split(".");
  if (kind === "definition" || kind === "function") return "def";
  const colour = OTHER_NAMES[name] ?? name;
  return COLOURS.has(colour) ? colour : null;
}

/** @param {Language} language @param {any} state */
function copied(language, state) {
  if (language.copyState) return language.copyState(state);
  return Object.fromEntries(Object.entries(state).map(([name, value]) => [name, Array.isArray(value) ? [...value] : value]));
}
