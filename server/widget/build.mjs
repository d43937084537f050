// src/ and what it imports → ../static/widget.js, one file. The same sources give the same bytes.

import { readdir, readFile, writeFile } from "node:fs/promises";
import { build, transform } from "esbuild";
import { minify } from "terser";

/** Style sheets become strings, which Lit adopts: no <style> element, so a strict Content-Security-Policy holds. */
const stylesAsText = {
  name: "styles as text",
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, "utf8"), { loader: "css", minify: true });
      return { contents: code.trim(), loader: "text" };
    });
  },
};

/** The indentation of templates is not sent: nothing before a tag or a value, one space before an attribute. */
const unindented = {
  name: "templates without indentation",
  setup({ onLoad }) {
    onLoad({ filter: /widget[/\\]src[/\\].*\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const contents = source.replace(/\bhtml`[^]*?`;/g, (template) => template.replace(/\n\s+(?=<|\$\{)/g, "").replace(/\n\s+/g, " "));
      return { contents, loader: "ts" };
    });
  },
};

/** Properties that only our own code has: not the host, the interface, the DOM, nor what is also a class or a key of data. */
const OURS = [
  "alone", "announcer", "asking", "atStart", "awaited", "away", "begin", "busy", "byId", "changed", "checks", "conversation", "copied",
  "direction", "drawn", "emit", "entered", "fault", "follow", "given", "heading", "held", "language", "partial", "plural", "preview", "refused", "requestId", "requestUpdate", "restore",
  "retry", "retryAfter", "scrolled", "settle", "shortcut", "shown", "soon", "sources", "speak", "stop", "toLatest", "turns",
  "updateComplete", "votable", "words",
];

const { outputFiles } = await build({
  write: false,
  entryPoints: ["src/main.ts"],
  outfile: "../static/widget.js",
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  charset: "utf8",
  legalComments: "linked",
  banner: { js: 'customElements.get("quotewell-chat")||' }, // a page may have the script twice: the first one stays
  mangleProps: new RegExp(`^(${OURS.join("|")})$`),
  tsconfigRaw: { compilerOptions: { useDefineForClassFields: false, experimentalDecorators: false } },
  plugins: [stylesAsText, unindented],
  logLevel: "warning",
});

// esbuild shortens names, terser what is said with them: 600 bytes on the way to a reader

for (const { path, text } of outputFiles) {
  const shorter = path.endsWith(".js")
    ? await minify(text, { ecma: 2020, compress: { ecma: 2020, passes: 2 }, format: { ecma: 2020, comments: /^!/ } })
    : { code: text };
  await writeFile(path, shorter.code);
}

// English is in the script; each other language is a file beside it, with the same keys

const tableOf = async (name) => JSON.parse(await readFile(`strings/${name}`, "utf8"));
const english = Object.keys(await tableOf("en.json"));

for (const name of (await readdir("strings")).filter((file) => file !== "en.json")) {
  const table = await tableOf(name);
  const odd = [...english.filter((key) => !(key in table)), ...Object.keys(table).filter((key) => !english.includes(key))];
  if (odd.length) throw new Error(`strings/${name} and strings/en.json must have the same keys; different: ${odd.join(", ")}`);
  await writeFile(`../static/widget.${name}`, JSON.stringify(table));
}
