/**
 * Bundles the page into manager/page: `node page/bundle.mjs`. Prints nothing unless something is wrong.
 *
 * The page itself is one script, whatever is loaded on demand: the parts of it that are loaded later import from that script.
 */

import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const SOURCES = path.join(ROOT, "page");
const BUNDLE = path.join(ROOT, "manager", "page");
/** What is served as it is. */
const UNCHANGED = ["favicon.svg", "icon-192.png", "icon-512.png", "icons.svg", "manifest.webmanifest"];
const INDEX = "index.html";
const SERVICE_WORKER = "service-worker.js";
const ENTRY = path.join(SOURCES, "app", "main.tsx");
const SCRIPT_PLACEHOLDER = "{{script}}";
/** What pdf.js loads for files that name encodings and fonts without holding them; all other fonts are the device's. */
const PDF_RESOURCES = /^(cmaps\/.*\.bcmap|standard_fonts\/Foxit(Symbol|Dingbats)\.pfb)$/;
const PDF_LICENCES = ["cmaps/LICENSE", "standard_fonts/LICENSE_FOXIT"];
const PDFJS = path.join(ROOT, "node_modules", "pdfjs-dist");
const LICENCES = "third-party-licences.txt";

/** @type {import("esbuild").BuildOptions} */
const options = {
  absWorkingDir: ROOT,
  bundle: true,
  format: "esm",
  legalComments: "none",
  logLevel: "warning",
  metafile: true,
  minify: true,
  outdir: BUNDLE,
  target: ["es2022", "chrome123", "firefox125", "safari17.5"],
  // In place of tsconfig.json, which is for the type checker, and not where the image is built.
  tsconfigRaw: { compilerOptions: { jsx: "react-jsx", jsxImportSource: "preact", verbatimModuleSyntax: true } },
};

/** The licences of the packages that a bundle holds, which have to come with it. @param {string[]} inputs */
async function licencesOf(inputs) {
  const names = new Set(inputs.flatMap((input) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? []));
  const texts = [...names].sort().map(async (name) => {
    const folder = path.join(ROOT, "node_modules", name);
    const { version } = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
    const licence = (await readdir(folder)).find((file) => /^licen[cs]e/i.test(file));
    if (!licence) throw new Error(`${name} comes without its licence`);
    return `${name} ${version}\n\n${(await readFile(path.join(folder, licence), "utf8")).trim()}\n`;
  });
  return (await Promise.all(texts)).join("\n\n");
}

/**
 * Leaves translations out, to be bundled alone: the script waits for the one that it speaks, so a translation that imported
 * from the script would wait for itself.
 * @param {Record<string, string>} translations gets their files, by name
 * @returns {import("esbuild").Plugin}
 */
function leaveOutTranslations(translations) {
  return {
    name: "translations",
    setup({ onResolve }) {
      onResolve({ filter: /^\.\/[a-z]{2}\.js$/ }, ({ kind, path: wanted, resolveDir }) => {
        if (kind !== "dynamic-import") return undefined;
        translations[path.basename(wanted, ".js")] = path.join(resolveDir, wanted.replace(/js$/, "ts"));
        return { path: wanted, external: true };
      });
    },
  };
}

/**
 * Has each part that is loaded on demand import the whole page. Otherwise the modules of the page would be divided by which
 * parts use them, and each division would be one more request of the first visit.
 * @type {import("esbuild").Plugin}
 */
const sharingTheScript = {
  name: "sharing-the-script",
  setup({ onLoad, onResolve }) {
    /** @type {Set<string>} */
    const parts = new Set();
    onResolve({ filter: /^\./ }, ({ kind, path: wanted, resolveDir }) => {
      if (kind === "dynamic-import")
        for (const suffix of ["ts", "tsx"]) parts.add(path.join(resolveDir, wanted.replace(/js$/, suffix)));
      return undefined;
    });
    onLoad({ filter: /\.tsx?$/ }, async ({ path: file }) => {
      if (!parts.has(file)) return undefined;
      const source = await readFile(file, "utf8");
      return { contents: `${source}\nimport ${JSON.stringify(ENTRY)};\n`, loader: file.endsWith("x") ? "tsx" : "ts" };
    });
  },
};

/** The name of the script with all modules of the page, which imports nothing at once. @param {import("esbuild").Metafile} metafile */
function scriptOf({ outputs }) {
  const [[script, { imports }]] = Object.entries(outputs).filter(([, { inputs }]) => path.relative(ROOT, ENTRY) in inputs);
  if (imports.some(({ kind }) => kind === "import-statement")) throw new Error("the page is not one script");
  return path.basename(script);
}

/** What a browser keeps to open the page without a network: all but libraries of the viewer. @param {import("esbuild").Metafile} metafile */
function keptFiles({ outputs }) {
  const scripts = Object.entries(outputs).filter(([, { inputs }]) => Object.keys(inputs).length > 0);
  const own = scripts.filter(([, { inputs }]) =>
    Object.keys(inputs).every((name) => /^(page|node_modules\/preact)\//.test(name)),
  );
  const names = own.map(([file]) => path.basename(file));
  return [
    ...names,
    ...Object.keys(translations).map((name) => `${name}.js`),
    "main.css",
    "viewer.css",
    "icons.svg",
    "favicon.svg",
  ];
}

await rm(BUNDLE, { recursive: true, force: true });
await mkdir(BUNDLE, { recursive: true });
/** @type {Record<string, string>} */
const translations = {};
const page = await build({
  ...options,
  plugins: [leaveOutTranslations(translations), sharingTheScript],
  entryPoints: { main: ENTRY },
  splitting: true,
  chunkNames: "[name]-[hash]",
});
const alone = await build({ ...options, entryPoints: translations });
// The worker's policy lets it load nothing, so it stands alone.
const worker = await build({ ...options, entryPoints: { "chunks.worker": "page/app/uploads/chunks.worker.ts" } });
const links = await build({ ...options, entryPoints: { "upload-link": "page/links/upload.ts" } });
const pdfWorker = await build({ ...options, entryPoints: { "pdf-worker": "pdfjs-dist/legacy/build/pdf.worker.min.mjs" } });
const styles = await build({
  ...options,
  entryPoints: { main: "page/styles/main.css", viewer: "page/styles/viewer.css", links: "page/styles/links.css" },
});
const serviceWorker = await build({
  ...options,
  entryPoints: { [path.basename(SERVICE_WORKER, ".js")]: "page/app/service-worker.ts" },
  format: "iife",
  define: { KEPT_FILES: JSON.stringify(keptFiles(page.metafile)) },
});
const inputs = [page, alone, worker, links, pdfWorker, styles, serviceWorker].flatMap((result) =>
  Object.keys(result.metafile.inputs),
);
const pdfLicences = await Promise.all(PDF_LICENCES.map((name) => readFile(path.join(PDFJS, name), "utf8")));
await writeFile(path.join(BUNDLE, LICENCES), [await licencesOf(inputs), ...pdfLicences].join("\n\n"));
for (const name of await readdir(PDFJS, { recursive: true })) {
  if (PDF_RESOURCES.test(name)) await cp(path.join(PDFJS, name), path.join(BUNDLE, "pdf", path.basename(name)));
}
for (const name of UNCHANGED) await cp(path.join(SOURCES, name), path.join(BUNDLE, name));
// The entry, which only imports the script.
await rm(path.join(BUNDLE, "main.js"));
// Last, since it says that the page is there.
const index = await readFile(path.join(SOURCES, INDEX), "utf8");
await writeFile(path.join(BUNDLE, INDEX), index.replace(SCRIPT_PLACEHOLDER, scriptOf(page.metafile)));
