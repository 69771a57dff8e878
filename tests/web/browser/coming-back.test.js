/** Back and forward, and what comes into a folder while somebody looks at it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Person } from "../harness/people.js";
import { stage } from "../harness/stage.js";

const FILES = 600;
const set = stage({ prepare: furnish });

/** @param {import("../harness/stage.js").Stage} set */
async function furnish(set) {
  await set.cloud.python("crowd.py", String(FILES), "crowd");
  await set.cloud.python("crowd.py", "3", "few");
}

/** @param {string} [at] */
const worksAt = (at = "/#/crowd") => Person.works(set.browser, set.cloud, set.token, { at });
const name = (/** @type {number} */ number) => `file ${String(number).padStart(6, "0")}.txt`;
const top = (/** @type {Person} */ person) => person.page.locator("#content").evaluate((list) => list.scrollTop);

/**
 * Waits until an item has the keyboard's focus, and is in sight.
 * @param {Person} person
 * @param {string} wanted
 */
async function isAt(person, wanted) {
  await person.page.waitForFunction((title) => {
    const list = document.getElementById("content");
    const item = document.getElementById(list?.getAttribute("aria-activedescendant") ?? "");
    const box = item?.getBoundingClientRect();
    return box && box.top >= 0 && box.bottom <= innerHeight && item?.querySelector(".name")?.textContent === title;
  }, wanted);
}

for (const view of ["table", "grid"]) {
  test(`back and forward restore scroll and focus of a ${view}, also after a reload`, async () => {
    const person = await worksAt(`/#/crowd?view=${view === "grid" ? "grid" : ""}`);
    const { page } = person;
    await page.locator(`.name[title="${name(0)}"]`).click();
    for (let step = 0; step < 40; step += 1) await page.keyboard.press("PageDown");
    await isAt(person, name(view === "grid" ? FILES - 1 : 400));
    const before = await top(person);
    assert.ok(before > 2_000, `${before}`);
    await page.getByRole("link", { name: "All files" }).first().click();
    await page.locator('.name[title="few"]').waitFor();
    await page.goBack();
    await isAt(person, name(view === "grid" ? FILES - 1 : 400));
    assert.equal(await top(person), before);
    // The keys go on from there.
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowDown");
    await isAt(person, name(view === "grid" ? FILES - 1 : 400));
    await page.goForward();
    await page.locator('.name[title="few"]').waitFor();
    assert.equal(await top(person), 0);
    await page.goBack();
    await isAt(person, name(view === "grid" ? FILES - 1 : 400));
    await page.reload();
    await isAt(person, name(view === "grid" ? FILES - 1 : 400));
    assert.equal(await top(person), before);
    await person.leaves();
  });
}

test("a list that was scrolled away from its focus comes back as it was", async () => {
  const person = await worksAt();
  await person.row(name(1)).click();
  await person.page.locator("#content").evaluate((list) => list.scrollTo(0, 9_000));
  await person.row(name(190)).waitFor();
  await person.page.getByRole("link", { name: "All files" }).first().click();
  await person.row("few").waitFor();
  await person.page.goBack();
  await person.row(name(190)).waitFor();
  assert.equal(await top(person), 9_000);
  await person.leaves();
});

test("whoever opens a folder comes back to its row, by whichever way", async () => {
  const person = await worksAt("/#/");
  for (const up of [
    () => person.page.goBack(),
    () => person.page.keyboard.press("Backspace"),
    () => person.page.locator(".breadcrumb").getByRole("link", { name: "All files" }).click(),
  ]) {
    await person.row("few").dblclick();
    await person.row(name(2)).waitFor();
    await up();
    await person.row("crowd").waitFor();
    await isAt(person, "few");
  }
  await person.leaves();
});

test("a new folder comes into sight, and the keys go on from there", async () => {
  const person = await worksAt("/#/crowd?sort=size");
  for (const folder of ["aa", "zz"]) await person.makesFolder(folder);
  await person.page.locator("#content").evaluate((list) => list.scrollTo(0, 9_000));
  await person.row(name(190)).waitFor();
  await person.page.keyboard.press("Escape");
  const marked = person.page.locator(".row.fresh.focused").first().waitFor();
  await person.makesFolder("between");
  await isAt(person, "between");
  await marked;
  await person.page.clock.runFor(4_000);
  await person.page.locator(".row.fresh").waitFor({ state: "detached" });
  await person.leaves();
});

test("what was uploaded comes into sight, once for all that is uploaded together", async () => {
  const person = await worksAt();
  await person.row(name(0)).waitFor();
  const marked = person.page.locator('.row.fresh .name[title^="zz"]').first().waitFor();
  await person.uploads([1, 2].map((number) => ({ name: `zz ${number}.bin`, buffer: Buffer.from("x") })));
  await person.uploadsAreDone(2);
  await marked;
  const focus = await person.page.evaluate(() => document.getElementById("content")?.getAttribute("aria-activedescendant"));
  assert.equal(focus, null, "the keyboard's focus stays where it was");
  await person.leaves();
});

test("an upload comes into sight also when it is stored before the panel shows it", async () => {
  const person = await worksAt();
  await person.row(name(0)).waitFor();
  const announced = new Promise((resolve) =>
    person.page.on("websocket", (socket) =>
      socket.on("framereceived", ({ payload }) => String(payload).includes("file-modify") && resolve(undefined)),
    ),
  );
  await person.page.reload();
  await person.row(name(0)).waitFor();
  // Without time nothing of the queue is shown.
  await person.page.clock.pauseAt(Date.now() + 3_600_000);
  await person.uploads([{ name: "zz quick.bin", buffer: Buffer.from("x") }]);
  await announced;
  const marked = person.page.locator('.row.fresh .name[title="zz quick.bin"]').first().waitFor();
  await person.page.clock.resume();
  await marked;
  await person.leaves();
});

test("what others store is shown also before the part of the page is there that uploads", async () => {
  /** @type {import("playwright-core").Route[]} */
  const held = [];
  const prepare = (/** @type {import("playwright-core").BrowserContext} */ context) =>
    context.route(/\/uploads-part-/, (route) => void held.push(route));
  const person = await Person.works(set.browser, set.cloud, set.token, { at: "/#/few", prepare });
  await person.row(name(2)).waitFor();
  const other = await worksAt("/#/few");
  await other.uploads([{ name: "theirs.txt", buffer: Buffer.from("x") }]);
  await person.row("theirs.txt").waitFor();
  for (const route of held) await route.continue();
  await person.hasLoaded("uploads-part");
  await person.leaves();
  await other.leaves();
});

test("whoever has selected something is not taken away from it by an upload", async () => {
  const person = await worksAt();
  await person.row(name(0)).click();
  await person.uploads([{ name: "zzz.bin", buffer: Buffer.from("x") }]);
  await person.uploadsAreDone(1);
  await person.page.clock.runFor(1_000);
  await person.page.getByText("605 files").or(person.page.getByText("1 selected")).first().waitFor();
  assert.equal(await top(person), 0);
  await isAt(person, name(0));
  await person.leaves();
});
