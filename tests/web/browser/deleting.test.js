/** Deleting with a way back, also more than is loaded. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Person } from "../harness/people.js";
import { stage } from "../harness/stage.js";

const set = stage();

/**
 * In a folder with files `file 000000.txt` and so on.
 * @param {string} folder
 * @param {number} count
 */
async function worksAmong(folder, count) {
  await set.cloud.python("crowd.py", String(count), folder);
  const person = await Person.works(set.browser, set.cloud, set.token, { at: `/#/${folder}` });
  await person.row(fileName(0)).waitFor();
  return person;
}

/** @param {number} number */
function fileName(number) {
  return `file ${String(number).padStart(6, "0")}.txt`;
}

/**
 * Notes what is drawn from now on that matches.
 * @param {Person} person
 * @param {string} selector
 * @returns {Promise<() => Promise<number>>} tells how often
 */
async function watches(person, selector) {
  await person.page.evaluate((wanted) => {
    const seen = /** @type {{ seen?: number }} */ (window);
    seen.seen = 0;
    new MutationObserver(() => (seen.seen = (seen.seen ?? 0) + document.querySelectorAll(wanted).length)).observe(document.body, {
      childList: true,
      subtree: true,
    });
  }, selector);
  return () => person.page.evaluate(() => /** @type {{ seen?: number }} */ (window).seen ?? -1);
}

/**
 * @param {number} first
 * @param {number} end exclusive
 */
const range = (first, end) => Array.from({ length: end - first }, (_, index) => first + index);

test("a folder with a thousand files is empty at once, and full again when that is undone", async () => {
  const person = await worksAmong("full", 1_100);
  const other = await Person.works(set.browser, set.cloud, set.token, { at: "/#/full" });
  await person.row(fileName(2)).click();
  await person.page.keyboard.press("Control+a");
  await person.page.getByText("1,100 selected").first().waitFor();
  await person.page.keyboard.press("Delete");
  await person.page.getByText("1,100 items deleted.").waitFor();
  await person.page.getByText("This folder is empty").waitFor();
  const drawn = await watches(person, ".row");
  await other.page.getByText("This folder is empty").waitFor();
  await person.page.getByText("Empty", { exact: true }).waitFor();
  assert.equal(await drawn(), 0);
  await person.page.getByRole("button", { name: "Undo" }).click();
  await person.page.getByText("1,100 selected").first().waitFor();
  await person.row(fileName(0)).waitFor();
  await other.page.getByText("1,100 files").waitFor();
  await person.leaves();
  await other.leaves();
});

test("the list closes up where a large part of it is deleted", async () => {
  const person = await worksAmong("middle", 400);
  await person.row(fileName(5)).click();
  await person.page.keyboard.press("Shift+End");
  await person.page.getByText("395 selected").first().waitFor();
  await person.page.keyboard.press("Shift+PageUp");
  await person.page.getByText("385 selected").first().waitFor();
  const drawn = await watches(person, ".gap");
  await person.page.keyboard.press("Delete");
  const left = [...range(0, 5), ...range(390, 400)].map(fileName);
  await person.sees(left);
  await person.page.getByText("15 files").waitFor();
  const other = await Person.works(set.browser, set.cloud, set.token, { at: "/#/middle" });
  await other.sees(left);
  await person.sees(left);
  assert.equal(await drawn(), 0);
  await person.leaves();
  await other.leaves();
});

test("without a trash the page asks before it deletes", async () => {
  await set.cloud.down();
  await set.cloud.up(set.cloud.port, { TRASH_DAYS: "0" });
  const person = await Person.works(set.browser, set.cloud, set.token);
  await person.uploads([{ name: "only.txt", buffer: Buffer.from("x") }]);
  await person.row("only.txt").click();
  await person.page.keyboard.press("Delete");
  const question = person.page.getByRole("dialog", { name: "Delete forever" });
  await question.getByText("Delete “only.txt” forever? This cannot be undone.").waitFor();
  await question.getByRole("button", { name: "Cancel" }).click();
  await person.chooses("only.txt", "Delete");
  await question.getByRole("button", { name: "Delete forever" }).click();
  await person.page.getByText("only.txt deleted.").waitFor();
  assert.equal(await person.page.getByRole("button", { name: "Undo" }).count(), 0);
  await person.leaves();
});
