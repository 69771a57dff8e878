/**
 * How fast the web page uploads, beside the command line at the same server: `node benchmarks/page.js`.
 * Prints seconds of a large file and of thousands of small ones, and how long the page is busy at a stretch meanwhile.
 * `MIB`, `FILES` and `ROUNDS` set how large, how many and how often.
 */

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import path from "node:path";
import { env } from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Cloud } from "../tests/web/harness/cloud.js";
import { openBrowser, Person } from "../tests/web/harness/people.js";
import { tasksOf } from "../tests/web/harness/tasks.js";

const COMMAND = fileURLToPath(new URL("../.venv/bin/discord-cloud", import.meta.url));
const MIB = Number(env["MIB"] ?? 300);
const FILES = Number(env["FILES"] ?? 5_000);
const ROUNDS = Number(env["ROUNDS"] ?? 3);
const SMALL_BYTES = 2_048;
const WAIT_MS = 600_000;
const run = promisify(execFile);

/** @param {() => Promise<unknown>} work @returns {Promise<number>} seconds */
async function timed(work) {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

/** @param {string} file @param {number} mebibytes */
async function makeLarge(file, mebibytes) {
  const handle = await open(file, "w");
  for (let written = 0; written < mebibytes; written += 1) await handle.write(randomBytes(2 ** 20));
  await handle.close();
}

/** @param {string} folder which is made, with files of 2 KiB in folders of a hundred */
async function makeSmall(folder) {
  for (let index = 0; index < FILES; index += 1) {
    const inside = path.join(folder, `${Math.floor(index / 100)}`, "deep");
    if (index % 100 === 0) await mkdir(inside, { recursive: true });
    await writeFile(path.join(inside, `${index}.bin`), randomBytes(SMALL_BYTES));
  }
}

/** @param {Person} person @param {number} count */
async function allStored({ page }, count) {
  const text = new RegExp(`^${count.toLocaleString("en")} files? stored$`);
  await page.locator(".queue-title").getByText(text).waitFor({ timeout: WAIT_MS });
}

const folder = await mkdtemp(path.join(tmpdir(), "discord-cloud-page-"));
const cloud = await Cloud.start();
const browser = await openBrowser();
const token = await cloud.register("ada");
const commandEnv = { ...env, DISCORD_CLOUD_URL: cloud.url, DISCORD_CLOUD_TOKEN: token };
const put = (/** @type {string} */ file, /** @type {string} */ to) => run(COMMAND, ["put", file, to], { env: commandEnv });
const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
await context.addInitScript((value) => sessionStorage.setItem("discord-cloud.token", value), token);
const person = new Person(context, await context.newPage());
await person.page.goto(cloud.url);
await person.ready();
/** @type {{ work: string, page: number, command: number }[]} */
const rows = [];
/** @type {number[]} */
let busy = [];
try {
  for (let round = 0; round < ROUNDS; round += 1) {
    const large = path.join(folder, `large ${round}.bin`);
    await makeLarge(large, MIB);
    const page = await timed(async () => {
      await person.page.setInputFiles("#pick-files", large);
      const row = person.page.locator('.queue-row[data-state="done"]').filter({ hasText: path.basename(large) });
      await row.waitFor({ timeout: WAIT_MS });
    });
    const command = await timed(() => put(large, "/by command/"));
    rows.push({ work: `${MIB} MiB`, page, command });
    await rm(large);
  }
  if (FILES > 0) {
    const small = path.join(folder, "small");
    await makeSmall(small);
    let page = 0;
    busy = await tasksOf(browser, person.page, async () => {
      page = await timed(async () => {
        await person.drops([small], { folder: "All files" });
        await allStored(person, FILES);
      });
    });
    const command = await timed(() => put(small, "/by command/"));
    rows.push({ work: `${FILES} files of 2 KiB`, page, command });
  }
} finally {
  await browser.close();
  await cloud.destroy();
  await rm(folder, { recursive: true });
}
console.log("| work | page, s | command line, s | ratio |\n| --- | --- | --- | --- |");
for (const { work, page, command } of rows) {
  console.log(`| ${work} | ${page.toFixed(2)} | ${command.toFixed(2)} | ${(page / command).toFixed(2)} |`);
}
if (busy[0] !== undefined) console.log(`\nLongest task of the page while it queued and sent them: ${busy[0].toFixed(0)} ms of CPU time.`);
