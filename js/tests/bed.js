/**
 * A page with the built live cell and no notebook: the kernel's messages are sent by hand, by a test (`live`), or
 * by a scene that the address names: bed.html?scene=compare&theme=dark (scenes.js; themes: light, dark, contrast).
 */

import { Model } from "./far_end.js";
import { SCENES } from "./scenes.js";

const address = new URLSearchParams(location.search);

const theme = address.get("theme");
if (theme) {
  const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href: `themes/${theme}.css` });
  const loaded = new Promise((resolve, reject) => Object.assign(sheet, { onload: resolve, onerror: reject }));
  document.head.prepend(sheet);
  document.body.dataset["jpThemeLight"] = String(theme === "light");
  await loaded;
}
if (address.has("rtl")) document.documentElement.dir = "rtl";

const built = "./static/widget.js";
const { default: widget } = await import(built);
const model = new Model();
const made = widget();
made.initialize({ model });
made.render({ el: document.getElementById("output") });
const scene = SCENES[address.get("scene") ?? ""]?.() ?? [];
model.arrive(...scene);
Object.assign(window, { live: Object.assign(model, { scene }) });
