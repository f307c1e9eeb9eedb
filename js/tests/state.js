/** A state as the kernel sends it, for the tests to vary. @type {import("../protocol.js").State} */
export const STATE = {
  model: "gpt-4.1",
  model_served: null,
  status: "streaming",
  elapsed_s: 1,
  ttft_s: null,
  input_tokens: null,
  output_tokens: null,
  output_estimated: false,
  tokens_per_s: null,
  cost: null,
  finish_reason: null,
  message: null,
  stop_hint: "■ stops",
};
