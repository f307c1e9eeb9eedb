/**
 * Build the live cell into hs_notebook/static/, with the licences of all that is built in.
 *
 * What comes from elsewhere and is not used is left out where esbuild cannot tell that by itself.
 */

import { readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const HERE = dirname(fileURLToPath(import.meta.url));
const OUT = join(HERE, "..", "hs_notebook", "static");

/** Which file of a library becomes what. @type {[RegExp, (text: string) => string][]} */
const LEFT_OUT = [
  // Dialects of SQL beside the standard one: three quarters of the file.
  [/legacy-modes\/mode\/sql\.js$/, (text) => before(text, "export const msSQL")],
  // Renderers that write HTML; none may be here at all.
  [/commonmark\/lib\/render\/\w+\.js$/, () => "export default null;"],
];

/** @param {string} text @param {string} mark */
function before(text, mark) {
  const at = text.indexOf(mark);
  if (at < 0) throw new Error(`${mark} is not where it was: look at js/build.js`);
  return text.slice(0, at);
}

/** @type {import("esbuild").Plugin} */
const leaveOut = {
  name: "leave out",
  setup(plugin) {
    for (const [filter, change] of LEFT_OUT) {
      plugin.onLoad({ filter }, async ({ path }) => ({ contents: change(await readFile(path, "utf8")) }));
    }
  },
};

const { metafile } = await build({
  absWorkingDir: HERE,
  entryPoints: ["widget.js", "widget.css"],
  outdir: OUT,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  metafile: true,
  plugins: [leaveOut],
});

const packages = new Set(Object.keys(metafile.inputs).flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []));
const texts = [...packages].sort().map(async (name) => {
  const folder = join(HERE, "node_modules", name);
  const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} comes without its licence`);
  return `${name} ${version} (${license})\n\n${(await readFile(join(folder, file), "utf8")).trim()}\n`;
});
if (packages.size > 0) await writeFile(join(OUT, "LICENSES.txt"), (await Promise.all(texts)).join(`\n${"-".repeat(80)}\n\n`));

for (const [path, { bytes }] of Object.entries(metafile.outputs)) console.log(`${path}  ${(bytes / 1000).toFixed(1)} kB`);
