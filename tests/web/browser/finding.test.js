/** Finding files by name in a folder of several pages. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Person } from "../harness/people.js";
import { stage } from "../harness/stage.js";

/** Files `file 000000.txt` and so on, on three pages; the folder is left as it is by every test but the last. */
const FILES = 250;

const set = stage({ prepare: furnish });

/** @param {import("../harness/stage.js").Stage} set */
async function furnish(set) {
  const person = await Person.works(set.browser, set.cloud, set.token);
  await person.makesFolder("films");
  await person.makesFolder("zoo");
  await person.leaves();
  await set.cloud.python("crowd.py", String(FILES));
}

/** @param {string} [query] */
const worksHere = (query = "") => Person.works(set.browser, set.cloud, set.token, { at: `/#/${query}` });
const name = (/** @type {number} */ number) => `file ${String(number).padStart(6, "0")}.txt`;

/**
 * @param {Person} person
 * @param {number} number
 */
const viewerOf = (person, number) => person.page.getByRole("dialog", { name: name(number) });

/**
 * Types without a pause, after one that ends what was typed before.
 * @param {Person} person
 * @param {string} letters
 */
const types = (person, letters) => person.withoutTime(() => person.page.keyboard.type(letters));

/**
 * Waits until an item alone is selected, in sight, and what a screen reader is told of.
 * @param {Person} person
 * @param {string} wanted
 */
async function isAt(person, wanted) {
  await person.page.waitForFunction((title) => {
    const list = document.getElementById("content");
    const item = document.getElementById(list?.getAttribute("aria-activedescendant") ?? "");
    const box = item?.getBoundingClientRect();
    const isInSight = box && box.top >= 0 && box.bottom <= innerHeight;
    const isSelected = item?.ariaSelected === "true" && document.querySelectorAll('#content [aria-selected="true"]').length === 1;
    return document.activeElement === list && isInSight && isSelected && item.querySelector(".name")?.textContent === title;
  }, wanted);
}

test("scrolling draws the rows that come into sight, and no row again", async () => {
  const person = await worksHere();
  const { page } = person;
  await person.row(name(0)).waitFor();
  const drawn = (/** @type {number} */ top) =>
    page.evaluate(async (top) => {
      const list = /** @type {HTMLElement} */ (document.querySelector(".table"));
      const frames = async () => {
        for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
      };
      await frames();
      let rows = 0;
      let changes = 0;
      const observer = new MutationObserver((records) => {
        for (const { type, addedNodes, target } of records) {
          if (type === "childList" && target === list.querySelector(".rows")) rows += addedNodes.length;
          else changes += 1;
        }
      });
      observer.observe(list, { subtree: true, childList: true, attributes: true, characterData: true });
      const scrolled = new Promise((resolve) => list.addEventListener("scroll", resolve, { once: true }));
      list.scrollTop = top;
      await scrolled;
      await frames();
      observer.disconnect();
      return { rows, changes };
    }, top);
  await drawn(48 * 40);
  assert.deepEqual(await drawn(48 * 41), { rows: 0, changes: 0 });
  assert.deepEqual(await drawn(48 * 44), { rows: 4, changes: 0 });
  await person.leaves();
});

test("a bookmarked file opens from whatever page it is on, and is in sight afterwards", async () => {
  for (const query of ["?", "?view=grid&", "?sort=size&"]) {
    const person = await worksHere(`${query}open=${encodeURIComponent(name(230))}`);
    await viewerOf(person, 230).getByText("231 of 250").waitFor();
    await person.page.keyboard.press("Escape");
    await viewerOf(person, 230).waitFor({ state: "detached" });
    await person.page.locator("#content").focus();
    await isAt(person, name(230));
    await person.leaves();
  }
});

test("a file that is closed the moment it is seen is in sight as well", async () => {
  const person = await worksHere();
  await person.page.evaluate(
    (hash) => {
      new MutationObserver(() => {
        document.querySelector("dialog.viewer")?.dispatchEvent(new Event("cancel", { cancelable: true }));
      }).observe(document.body, { childList: true, subtree: true });
      location.hash = hash;
    },
    `#/?open=${encodeURIComponent(name(230))}`,
  );
  await person.page.waitForFunction(() => !location.hash.includes("open"));
  await person.page.locator("#content").focus();
  await isAt(person, name(230));
  await person.leaves();
});

test("a bookmarked file that is not there is told, and the folder is shown", async () => {
  for (const missing of ["nothing.txt", "no/name", "x".repeat(300)]) {
    const person = await worksHere(`?open=${encodeURIComponent(missing)}`);
    await person.page.getByText(`“${missing}” was not found in this folder.`).waitFor();
    assert.ok(!person.page.url().includes("open"));
    await person.row("films").click();
    await person.page.getByText("1 selected").waitFor();
    await person.leaves();
  }
});

test("typing finds names on pages that were never seen, spaces among them", async () => {
  const person = await worksHere();
  await person.page.locator("#content").focus();
  await types(person, "file 000240");
  await isAt(person, name(240));
  await types(person, "FILE 000123");
  await isAt(person, name(123));
  await types(person, "file 00024");
  await isAt(person, name(240));
  await types(person, " ");
  await person.page.getByText("2 folders, 250 files").waitFor();
  await person.leaves();
});

test("the same letter goes on to the next one, after the last it begins at the top, and without one it goes to the place", async () => {
  const person = await worksHere("?view=grid");
  await person.page.locator("#content").focus();
  await types(person, "f");
  await isAt(person, "films");
  await types(person, "fff");
  await isAt(person, name(2));
  await types(person, "z");
  await isAt(person, "zoo");
  await person.page.keyboard.press("End");
  await types(person, "f");
  await isAt(person, "films");
  await person.page.keyboard.press("End");
  await isAt(person, name(249));
  await types(person, "q");
  await person.page.getByRole("status").getByText("No name begins with “q”.").waitFor();
  await isAt(person, name(249));
  await types(person, "b");
  await isAt(person, name(0));
  await person.leaves();
});

test("an arrow key ends the word that was typed", async () => {
  const person = await worksHere();
  await person.page.locator("#content").focus();
  await types(person, "z");
  await isAt(person, "zoo");
  await person.page.keyboard.press("ArrowDown");
  await isAt(person, name(0));
  await person.page.keyboard.type("z");
  await isAt(person, "zoo");
  await person.leaves();
});

test("the viewer goes on over the borders of pages, as fast as keys are pressed", async () => {
  const person = await worksHere(`?open=${encodeURIComponent(name(50))}`);
  await viewerOf(person, 50).getByText("51 of 250").waitFor();
  for (let press = 0; press < 170; press += 1) await person.page.keyboard.press("ArrowRight");
  await viewerOf(person, 220).getByText("221 of 250").waitFor();
  for (let press = 0; press < 40; press += 1) await person.page.keyboard.press("ArrowRight");
  await viewerOf(person, 249).getByText("250 of 250").waitFor();
  await viewerOf(person, 249).getByRole("button", { name: "Previous file" }).click();
  await viewerOf(person, 248).waitFor();
  await person.leaves();
});

test("where the manager does not grant it, names are found among the rows that are here", async () => {
  const person = await worksHere();
  await person.hasNoExtensions();
  await person.page.reload();
  await person.row(name(0)).waitFor();
  await person.page.locator("#content").focus();
  await types(person, "file 00005");
  await isAt(person, name(50));
  await types(person, "file 00024");
  await person.page.getByRole("status").getByText("No name begins with “file 00024”.").waitFor();
  await isAt(person, name(51));
  await person.leaves();
});

test("a file that is deleted while somebody looks at it says so", async () => {
  const person = await worksHere(`?open=${encodeURIComponent(name(249))}`);
  await viewerOf(person, 249).waitFor();
  const other = await worksHere(`?sort=name&direction=down`);
  await other.chooses(name(249), "Delete");
  await person.page.getByText(`“${name(249)}” was not found in this folder.`).waitFor();
  await viewerOf(person, 249).waitFor({ state: "detached" });
  await person.page.getByText("2 folders, 249 files").or(person.page.getByText("1 selected")).first().waitFor();
  await other.leaves();
  await person.leaves();
});
