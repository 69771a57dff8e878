/**
 * Bundles the page into manager/page: `node page/bundle.mjs`. Prints nothing unless something is wrong.
 *
 * Names carry no digest, since the manager serves the files below a path that changes with their content.
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
/** Where the index names what the script imports, so that a browser fetches it at once. */
const PRELOAD = "{{preload}}";
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
 * Leaves modules out that one of the same folder loads when it needs them, to be bundled alone. Otherwise the little that they
 * have in common with the script would be parts of their own, each one more request of the first visit.
 * @param {Record<string, string>} alone gets their files, by name
 * @returns {import("esbuild").Plugin}
 */
function leaveOut(alone) {
  return {
    name: "leave-out",
    setup({ onResolve }) {
      onResolve({ filter: /^\.\/[a-z-]+\.js$/ }, ({ kind, path: wanted, resolveDir }) => {
        if (kind !== "dynamic-import") return undefined;
        alone[path.basename(wanted, ".js")] = path.join(resolveDir, wanted.replace(/js$/, "ts"));
        return { path: wanted, external: true };
      });
    },
  };
}

/** @param {import("esbuild").Metafile} metafile */
function preloads({ outputs }) {
  const imports = outputs["manager/page/main.js"]?.imports ?? [];
  const modules = imports.filter(({ kind }) => kind === "import-statement").map((each) => path.basename(each.path));
  return modules.map((name) => `<link rel="modulepreload" href="{{base}}/${name}" />`).join("\n    ");
}

await rm(BUNDLE, { recursive: true, force: true });
await mkdir(BUNDLE, { recursive: true });
/** @type {Record<string, string>} */
const alone = {};
const page = await build({
  ...options,
  plugins: [leaveOut(alone)],
  entryPoints: { main: "page/app/main.tsx" },
  splitting: true,
  chunkNames: "[name]-[hash]",
});
const parts = await build({ ...options, entryPoints: alone });
// The worker's policy lets it load nothing, so it stands alone.
const worker = await build({ ...options, entryPoints: { "chunks.worker": "page/app/uploads/chunks.worker.ts" } });
const pdfWorker = await build({ ...options, entryPoints: { "pdf-worker": "pdfjs-dist/legacy/build/pdf.worker.min.mjs" } });
const styles = await build({ ...options, entryPoints: { main: "page/styles/main.css", viewer: "page/styles/viewer.css" } });
const inputs = [page, parts, worker, pdfWorker, styles].flatMap((result) => Object.keys(result.metafile.inputs));
await writeFile(path.join(BUNDLE, LICENCES), await licencesOf(inputs));
for (const name of UNCHANGED) await cp(path.join(SOURCES, name), path.join(BUNDLE, name));
// Last, since it says that the page is there.
const index = await readFile(path.join(SOURCES, INDEX), "utf8");
await writeFile(path.join(BUNDLE, INDEX), index.replace(PRELOAD, preloads(page.metafile)));
