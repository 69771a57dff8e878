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

/** @param {Person} person */
function undo(person) {
  return person.page.getByRole("button", { name: "Undo" }).click();
}

test("a folder with thousands of files is empty at once, and full again when that is undone", async () => {
  const person = await worksAmong("full", 4_500);
  await person.row(fileName(2)).click();
  await person.page.keyboard.press("Control+a");
  await person.page.getByText("4,500 selected").first().waitFor();
  await person.page.keyboard.press("Delete");
  await person.page.getByText("4,500 items deleted.").waitFor();
  await person.page.getByText("This folder is empty").waitFor();
  await person.page.getByText("Empty", { exact: true }).waitFor();
  // What somebody adds meanwhile is seen, and brings nothing else back.
  const other = await Person.works(set.browser, set.cloud, set.token, { at: "/#/full" });
  await other.uploads([{ name: "zebra.txt", buffer: Buffer.from("z") }]);
  await person.sees(["zebra.txt"]);
  await person.page.getByText("1 file", { exact: true }).waitFor();
  await undo(person);
  await person.page.getByText("4,500 selected").first().waitFor();
  await person.page.keyboard.press("End");
  await person.row("zebra.txt").waitFor();
  await person.page.keyboard.press("Escape");
  await person.page.getByText("4,501 files").waitFor();
  await person.leaves();
  await other.leaves();
});

test("while hundreds of files are being deleted, none of them is seen again", async () => {
  const person = await worksAmong("going", 500);
  await person.row(fileName(0)).click();
  await person.page.keyboard.press("Control+a");
  await person.page.keyboard.press("Delete");
  await person.page.getByText("This folder is empty").waitFor();
  const drawn = await watches(person, ".row");
  await person.page.clock.fastForward(8_000);
  const other = await Person.works(set.browser, set.cloud, set.token, { at: "/#/going" });
  await other.page.getByText("This folder is empty").waitFor();
  await person.page.getByText("Empty", { exact: true }).waitFor();
  assert.equal(await drawn(), 0);
  await person.leaves();
  await other.leaves();
});

test("the list closes up where a large part of it is deleted, and opens again", async () => {
  const person = await worksAmong("middle", 800);
  await person.row(fileName(5)).click();
  await person.page.keyboard.press("Shift+End");
  await person.page.getByText("795 selected").first().waitFor();
  await person.page.keyboard.press("Shift+PageUp");
  await person.page.getByText("785 selected").first().waitFor();
  await person.page.keyboard.press("Delete");
  const left = [...range(0, 5), ...range(790, 800)].map(fileName);
  await person.sees(left);
  await person.page.getByText("15 files").waitFor();
  assert.equal(await person.page.locator(".gap").count(), 0);
  await undo(person);
  await person.page.getByText("785 selected").first().waitFor();
  await person.row(fileName(789)).waitFor();
  await person.page.keyboard.press("Delete");
  await person.sees(left);
  const drawn = await watches(person, `[title="${fileName(5)}"]`);
  await person.page.clock.fastForward(8_000);
  const other = await Person.works(set.browser, set.cloud, set.token, { at: "/#/middle" });
  await other.sees(left);
  await person.sees(left);
  assert.equal(await drawn(), 0);
  await person.leaves();
  await other.leaves();
});

test("what cannot be deleted among much else comes back, and is told once", async () => {
  const person = await worksAmong("stubborn", 250);
  const other = await Person.works(set.browser, set.cloud, set.token, { at: "/#/stubborn" });
  await person.row(fileName(0)).click();
  await person.page.keyboard.press("Control+a");
  await person.page.keyboard.press("Delete");
  await person.page.getByText("This folder is empty").waitFor();
  // The time for undoing must not be over before the names have changed.
  await person.withoutTime(async () => {
    for (const number of [1, 2]) {
      await other.chooses(fileName(number), "Rename");
      await other.page.getByLabel(`New name of ${fileName(number)}`).fill(`file 00000${number} kept.txt`);
      await other.page.keyboard.press("Enter");
      await other.row(`file 00000${number} kept.txt`).waitFor();
    }
  });
  await person.page.clock.fastForward(8_000);
  await person.page.getByText(/^2 items could not be deleted, such as file 00000[12]\.txt\. /).waitFor();
  await person.sees(["file 000001 kept.txt", "file 000002 kept.txt"]);
  await person.page.getByText("2 files").waitFor();
  await person.leaves();
  await other.leaves();
});
