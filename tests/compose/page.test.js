/** The page behind Caddy and the gateway. `test_page.py` runs it, with what it needs in the environment. */

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { env } from "node:process";
import { after, before, test } from "node:test";
import { png } from "../web/harness/contents.js";
import { Person, openBrowser } from "../web/harness/people.js";

/** @import { Browser } from "playwright-core" */
/** @import { Cloud } from "../web/harness/cloud.js" */

const cloud = /** @type {Cloud} */ ({ url: env["DEPLOYMENT_URL"] });
const name = env["DEPLOYMENT_USER"] ?? "";
const password = env["DEPLOYMENT_PASSWORD"] ?? "";
// The certificate is of Caddy's own authority, which no browser knows.
const options = { ignoreHTTPSErrors: true };

/** @type {Browser} */
let browser;
before(async () => {
  browser = await openBrowser();
});
after(() => browser.close());

/** Somebody at the page, on a machine that runs a dozen containers besides. */
async function visits() {
  const person = await Person.visits(browser, cloud, options);
  person.page.setDefaultTimeout(100_000);
  await person.logsIn(name, password);
  await person.ready();
  return person;
}

/** @param {Buffer} content */
const digest = (content) => createHash("sha256").update(content).digest("hex");

test("files go up, are listed with a thumbnail, and come back", async () => {
  const person = await visits();
  await person.makesFolder("from the page");
  await person.row("from the page").dblclick();
  await person.page.getByText("This folder is empty").waitFor();
  const content = randomBytes(21_000_000);
  const picture = png(300, 200, (x, y) => [x * 255, y * 255, 80]);
  await person.uploads([
    { name: "big.bin", buffer: content },
    { name: "picture.png", mimeType: "image/png", buffer: picture },
  ]);
  await person.uploadsAreDone(2);
  await person.sees(["big.bin", "picture.png"]);
  const [download] = await Promise.all([person.page.waitForEvent("download"), person.chooses("big.bin", "Download")]);
  assert.equal(digest(await readFile(await download.path())), digest(content));
  await person.page.getByRole("button", { name: "Tiles" }).click();
  await person.page.locator(".tile img").waitFor();
  await person.leaves();
});

test("what another client does is shown without loading anew", async () => {
  const [one, other] = await Promise.all([visits(), visits()]);
  await one.makesFolder("seen by both");
  await other.row("seen by both").waitFor();
  await one.leaves();
  await other.leaves();
});
