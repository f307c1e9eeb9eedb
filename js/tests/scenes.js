/**
 * What a kernel would have sent up to a moment worth looking at. Figures and words are made up.
 */

import { STATE } from "./state.js";

/** @typedef {import("../protocol.js").FromKernel} FromKernel */
/** @typedef {Partial<import("../protocol.js").PaneSnapshot>} Shown */

const TEXT = `## Reading a stream line by line

A server-sent event is **one or more lines**, and an empty line ends it. Three things go wrong most often:

1. A chunk ends in the middle of a line, or of a character.
2. \`data:\` may be followed by a space, or by none.
3. Some libraries also split at U+2028, which JSON may hold.

\`\`\`python
def events(lines):
    data = []
    for line in lines:
        if not line and data:
            yield "\\n".join(data)
            data = []
        elif line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
\`\`\`

| what came | what it means |
|:--|:--|
| an empty line | the event is whole |
| \`: keep-alive\` | a comment: the connection lives |
| \`retry: 1000\` | wait so long before you connect again |

When the connection ends without a terminal marker, the answer is *not* complete, however whole it looks.
`;

const SHORTER = `## Reading a stream

A server-sent event is one or more lines; an empty line ends it. Two things go wrong most often:

- A chunk ends in the middle of a line.
- Some libraries also split at U+2028, which JSON may hold.

When the connection ends without a terminal marker, the answer is *not* complete, however whole it looks.
`;

const LONGER = `${TEXT}
## Why not \`aiter_lines\`

It splits on more than the standard does, and it hides which bytes have come, so that a broken connection cannot be
told from a finished one. Read bytes, cut at LF, CR and CRLF, decode whole lines.
`;

const THOUGHT = `The user asks about server-sent events. The traps I know: chunk borders, the optional space, line separators that
are not line ends in the standard. A short function shows it best. I should also mention how an answer is proved
complete, since a clean end of the connection proves nothing.
`;

const STOP = { stop: "Stops the model and keeps what came. You pay for what it has written." };
const AGAIN = {
  resume: "Goes on from here. Free where the server kept the rest; else the prompt is billed again.",
  retry: "Asks again from the start, in place of this one. The last time cost $0.0041.",
};
const CHOOSE = { pick: "Marks this answer as the best of the comparison, in hs.picks(). Costs nothing." };

const DONE = { status: /** @type {const} */ ("complete"), finish_reason: "stop", stop_hint: null };

/** @type {Record<string, Shown>} */
const MODELS = {
  gpt: { model: "gpt-4.1", model_served: "gpt-4.1-2025-04-14", ttft_s: 0.48, input_tokens: 31 },
  claude: { model: "claude-sonnet-4.5", ttft_s: 0.81, input_tokens: 34 },
  deepseek: { model: "deepseek-v3.2", ttft_s: 0.29, input_tokens: 29 },
  gemini: { model: "gemini-2.5-flash", ttft_s: 0.33, input_tokens: 30 },
};

/** @param {Shown[]} panes @returns {FromKernel[]} */
function shown(...panes) {
  return [{ type: "snapshot", seq: 1, panes: panes.map((pane) => ({ text: "", reasoning: "", ...STATE, ...pane })) }, { type: "welcome" }];
}

/** @param {string} text @param {number} [share] @returns {Shown} */
function streaming(text, share = 0.6) {
  return { text: text.slice(0, text.length * share), elapsed_s: 6.2, output_tokens: 148, output_estimated: true, tokens_per_s: 41.3, actions: STOP };
}

/** @param {number} elapsed_s @param {number} output_tokens @param {number} tokens_per_s @param {number} cost_usd @returns {Shown} */
function done(elapsed_s, output_tokens, tokens_per_s, cost_usd) {
  return { ...DONE, elapsed_s, output_tokens, tokens_per_s, cost_usd, cost: `$${cost_usd}`, actions: CHOOSE };
}

/** @type {Record<string, () => FromKernel[]>} */
export const SCENES = {
  waiting: () => shown({ ...MODELS["gpt"], ttft_s: null, input_tokens: null, elapsed_s: 0.4, actions: STOP }),
  streaming: () => shown({ ...MODELS["gpt"], ...streaming(TEXT) }),
  thinking: () => shown({ ...MODELS["deepseek"], reasoning: THOUGHT, elapsed_s: 2.4, actions: STOP, reasoning_tokens: 66 }),
  thought: () => shown({ ...MODELS["deepseek"], ...streaming(TEXT), reasoning: THOUGHT, reasoning_tokens: 66 }),
  unheard: () => shown({ ...MODELS["gpt"], ...streaming(TEXT) }).slice(0, 1),
  complete: () => shown({ ...MODELS["gpt"], ...done(9.4, 402, 45.1, 0.00328), text: TEXT, actions: { retry: AGAIN.retry } }),
  stopped: () =>
    shown({
      ...MODELS["gpt"],
      ...streaming(TEXT),
      status: "interrupted",
      message: "Stopped. What came is kept.",
      cost: "$0.00125",
      stop_hint: null,
      actions: AGAIN,
    }),
  resumed: () =>
    shown({
      ...MODELS["gpt"],
      ...streaming(TEXT, 0.8),
      message: "Resumed after 148 tokens: the server had kept the rest, and nothing is billed again.",
    }),
  failed: () =>
    shown({
      ...MODELS["claude"],
      ...streaming(TEXT, 0.3),
      status: "failed",
      message: "The server was too busy (529, after 3 attempts).\nWhat came is kept.\nRun the cell again in a minute, or name another model.",
      stop_hint: null,
      actions: AGAIN,
    }),
  refused: () =>
    shown({
      ...MODELS["claude"],
      ttft_s: null,
      input_tokens: null,
      elapsed_s: 0.2,
      status: "failed",
      message: "The key was refused (401).\nNothing was billed.\nSet HOLYSHEEP_API_KEY to a key of this server.",
      stop_hint: null,
      actions: { retry: AGAIN.retry },
    }),
  comparing: () =>
    shown(
      { ...MODELS["gpt"], ...streaming(TEXT) },
      { ...MODELS["claude"], ...streaming(LONGER, 0.7), reasoning: THOUGHT },
      { ...MODELS["deepseek"], ...streaming(SHORTER, 0.5) },
    ),
  compared: () =>
    shown(
      { ...MODELS["gpt"], ...done(9.4, 402, 45.1, 0.00328), text: TEXT },
      { ...MODELS["claude"], ...done(12.9, 497, 41.2, 0.00756), text: LONGER, reasoning: THOUGHT, reasoning_tokens: 66 },
      { ...MODELS["deepseek"], ...done(2.6, 121, 52.4, 0.00005), text: SHORTER, chosen: true },
    ),
  "one of three failed": () =>
    shown(
      { ...MODELS["gpt"], ...done(9.4, 402, 45.1, 0.00328), text: TEXT },
      { ...MODELS["claude"], status: "failed", elapsed_s: 1.2, ttft_s: null, input_tokens: null, message: "The server was too busy (529, after 3 attempts).", actions: { retry: AGAIN.retry } },
      { ...MODELS["deepseek"], ...streaming(TEXT, 0.5) },
    ),
  four: () =>
    shown(
      { ...MODELS["gpt"], ...streaming(TEXT) },
      { ...MODELS["claude"], ...streaming(LONGER, 0.7) },
      { ...MODELS["deepseek"], ...done(2.6, 121, 52.4, 0.00005), text: SHORTER },
      { ...MODELS["gemini"], ...streaming(SHORTER, 0.5) },
    ),
  scripts: () =>
    shown({
      ...MODELS["gemini"],
      ...streaming(""),
      text: "مرحبا بالعالم، هذا نص عربي مع English في الوسط.\n\nשלום עולם\n\n日本語の文章は、ここで折り返されるはずです。한국어 문장도 그렇습니다.\n\n" + `${"verylongword".repeat(40)}\n`,
    }),
};
