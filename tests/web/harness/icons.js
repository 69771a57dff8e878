/** Draws the icons of the installed page from `page/icon-maskable.svg` anew: `node tests/web/harness/icons.js`. */

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { openBrowser } from "./people.js";

const PAGE = new URL("../../../page/", import.meta.url);

const browser = await openBrowser();
const picture = await readFile(new URL("icon-maskable.svg", PAGE), "utf8");
for (const size of [192, 512]) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  await page.setContent(`<style>body{margin:0}svg{display:block}</style>${picture}`);
  await page.screenshot({ path: fileURLToPath(new URL(`icon-${size}.png`, PAGE)) });
}
await browser.close();
