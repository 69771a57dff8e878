/** The page speaks the language of the browser, or the one that its user chooses. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Person } from "../harness/people.js";
import { stage } from "../harness/stage.js";

const set = stage();

test("a German browser gets German words, dates and numbers", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token, { locale: "de-AT", timezoneId: "Europe/Vienna" });
  const { page } = person;
  await page.getByRole("button", { name: "Hochladen", exact: true }).waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "de");
  await person.uploads([{ name: "Brief.txt", mimeType: "text/plain", buffer: Buffer.alloc(1600, "x") }]);
  const row = page.getByRole("row", { name: "Brief.txt" });
  await row.waitFor();
  assert.match(await row.innerText(), /1,6\u00a0KiB/);
  assert.match(await row.innerText(), /\d{1,2}\. (Jän|Feb|März|Apr|Mai|Juni|Juli|Aug|Sep|Okt|Nov|Dez)/);
  await person.leaves();
});

test("a language that one chooses stays, until one takes that of the browser again", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token);
  const { page } = person;
  const choose = async (/** @type {string} */ menu, /** @type {string} */ language) => {
    await page.getByRole("button", { name: menu }).click();
    await page.getByRole("menuitemradio", { name: language }).click();
  };
  await choose("Account of", "Deutsch");
  await page.getByRole("button", { name: "Konto von" }).waitFor();
  await page.reload();
  await choose("Konto von", "Wie der Browser");
  await page.getByRole("button", { name: "Account of" }).waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "en");
  await person.leaves();
});
