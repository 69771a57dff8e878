/** Finding one's way: search, recent files, stars, own links, columns, sizes of folders, and how much room all that takes. */

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { png } from "../harness/contents.js";
import { Person } from "../harness/people.js";
import { stage } from "../harness/stage.js";

const PICTURE = { name: "Bay at dusk.png", mimeType: "image/png", buffer: png(60, 40, (x, y) => [250 * x, 90, 200 * y]) };
const set = stage({ prepare: furnish });
/** @type {Person} */
let ada;
after(() => ada?.leaves());

/** @param {import("../harness/stage.js").Stage} set */
async function furnish(set) {
  const person = await Person.works(set.browser, set.cloud, set.token);
  for (const folder of ["Bavaria", "Letters"]) await person.makesFolder(folder);
  await person.uploads([PICTURE]);
  await person.row(PICTURE.name).waitFor();
  await person.row("Letters").dblclick();
  await person.page.getByText("This folder is empty").waitFor();
  await person.makesFolder("Old");
  await person.uploads([{ name: "Über Bäume.txt", buffer: Buffer.alloc(3_000, "x") }]);
  await person.row("Über Bäume.txt").waitFor();
  await person.leaves();
  ada = await Person.works(set.browser, set.cloud, set.token);
}

const hits = () => ada.page.locator(".hit-link");
const field = () => ada.page.getByRole("searchbox", { name: "Search files and folders" });

/** @param {string} at */
async function goesTo(at) {
  await ada.page.evaluate((hash) => (location.hash = hash), at);
  await ada.ready();
}

/** @param {string[]} names */
async function finds(names) {
  await ada.page.waitForFunction(
    (wanted) =>
      JSON.stringify([...document.querySelectorAll(".hit-link")].map((each) => each.textContent)) === wanted &&
      !document.querySelector(".toolbar .spinner"),
    JSON.stringify(names),
  );
}

/** @param {string} words */
async function looksFor(words) {
  await field().fill(words);
  await ada.page.clock.runFor(300);
}

test("a search finds parts of names in all folders, and says in which", async () => {
  await goesTo("#/");
  await ada.page.keyboard.press("/");
  await ada.page.waitForFunction(() => document.activeElement?.matches(".search-box input"));
  await looksFor("ba");
  await finds([PICTURE.name, "Bavaria", "Über Bäume.txt"]);
  await ada.page.getByText("3 results for “ba”").waitFor();
  await looksFor("ba UBER");
  await finds(["Über Bäume.txt"]);
  assert.equal(await ada.page.locator(".hit-folder").textContent(), "Show in All files / Letters");
  await ada.page.getByText("All files / Letters").click();
  await ada.page.locator('.row.selected .name[title="Über Bäume.txt"]').waitFor();
  assert.match(ada.page.url(), /#\/Letters$/);
  await ada.page.goBack();
  await finds(["Über Bäume.txt"]);
});

test("a hit opens, by keyboard alone, and closing it leads back to the results", async () => {
  await goesTo("#/");
  await ada.page.keyboard.press("/");
  await ada.page.keyboard.type("baum");
  await ada.page.clock.runFor(300);
  await finds(["Über Bäume.txt"]);
  await ada.page.keyboard.press("ArrowDown");
  await ada.page.keyboard.press("Enter");
  await ada.page.getByRole("dialog", { name: "Über Bäume.txt" }).waitFor();
  await ada.page.keyboard.press("Escape");
  await finds(["Über Bäume.txt"]);
  await field().focus();
  await ada.page.keyboard.press("Escape");
  await ada.row("Letters").waitFor();
  assert.equal(await field().inputValue(), "");
});

test("a search has conditions, which the address keeps, and says when there is nothing", async () => {
  await goesTo("#/Letters");
  await looksFor("l");
  await finds(["Letters", "Old"]);
  await ada.page.getByRole("button", { name: "Only in Letters" }).click();
  await ada.page.clock.runFor(300);
  await finds(["Old"]);
  const tops = await ada.page.locator(".chips > *").evaluateAll((chips) => chips.map((chip) => chip.getBoundingClientRect().top));
  assert.equal(new Set(tops).size, 1, "conditions stand beside each other");
  await ada.page.getByRole("combobox", { name: "Type" }).selectOption("Pictures");
  await ada.page.clock.runFor(300);
  await ada.page.getByText("Nothing found for “l”").waitFor();
  assert.match(ada.page.url(), /q=l&type=image&in=here$/);
  await ada.page.getByRole("button", { name: "Only in Letters" }).click();
  await looksFor("bay");
  await finds([PICTURE.name]);
  await looksFor("nowhere");
  await ada.page.getByText("Nothing found for “nowhere”").waitFor();
  await ada.page.locator(".breadcrumb").getByRole("link", { name: "Letters" }).click();
  await ada.row("Old").waitFor();
});

test("a search goes on with what comes while its results are shown", async () => {
  await goesTo("#/?q=fresh");
  await ada.page.clock.runFor(300);
  await ada.page.getByText("Nothing found for “fresh”").waitFor();
  const other = await Person.works(set.browser, set.cloud, set.token);
  await other.makesFolder("a fresh one");
  await ada.page.clock.runFor(3_000);
  await finds(["a fresh one"]);
  await other.chooses("a fresh one", "Delete");
  await other.page.clock.runFor(8_000);
  await ada.page.clock.runFor(3_000);
  await ada.page.getByText("Nothing found for “fresh”").waitFor();
  await other.leaves();
});

test("recent files are listed with their folders, the last one first", async () => {
  await goesTo("#/");
  await ada.page.getByRole("link", { name: "Recent" }).click();
  await hits().nth(1).waitFor();
  assert.deepEqual(await hits().allTextContents(), ["Über Bäume.txt", PICTURE.name]);
  assert.equal(await ada.page.getByRole("heading", { level: 1 }).textContent(), "Recent");
  await hits().first().click();
  await ada.page.getByRole("dialog", { name: "Über Bäume.txt" }).waitFor();
  await ada.page.keyboard.press("Escape");
  await ada.page.getByRole("heading", { level: 1, name: "Recent" }).waitFor();
});

test("stars mark items in all tabs, and lead back to them", async () => {
  await goesTo("#/");
  const elsewhere = await Person.works(set.browser, set.cloud, set.token);
  await ada.row("Letters").click();
  await ada.page.keyboard.press("*");
  await elsewhere.row("Letters").getByRole("img", { name: "Starred" }).waitFor();
  await ada.row(PICTURE.name).click();
  await ada.page.getByRole("complementary", { name: "Details" }).getByRole("button", { name: "Add star" }).click();
  await ada.row(PICTURE.name).getByRole("img", { name: "Starred" }).waitFor();
  await ada.page.getByRole("link", { name: "Starred" }).click();
  await finds([PICTURE.name, "Letters"]);
  assert.equal(await ada.page.getByRole("heading", { level: 1 }).textContent(), "Starred");
  await elsewhere.row("Letters").click();
  await elsewhere.page.keyboard.press("*");
  await finds([PICTURE.name]);
  await ada.page.getByRole("button", { name: `Remove the star of ${PICTURE.name}` }).click();
  await ada.page.getByText("Nothing starred yet").waitFor();
  await elsewhere.leaves();
});

test("folders have a size and a date, and pictures stand in their rows", async () => {
  await goesTo("#/");
  await ada.row("Letters").locator(".cell-size").getByText("2.9 KiB").waitFor();
  assert.match((await ada.row("Bavaria").locator(".cell-modified_at").textContent()) ?? "", /\d/);
  await ada.row(PICTURE.name).locator("img").waitFor();
  await ada.page.waitForFunction(
    (title) =>
      [...document.querySelectorAll(".row")].some(
        (row) => row.querySelector(`.name[title="${title}"]`) && (row.querySelector("img")?.naturalWidth ?? 0) > 0,
      ),
    PICTURE.name,
  );
});

test("columns, order and view are chosen, and remembered", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token);
  const heads = () => person.page.getByRole("columnheader").allTextContents();
  assert.deepEqual((await heads()).map((head) => head.trim()).slice(0, -1), ["Name", "Modified", "Size"]);
  for (const column of ["Type", "Size"]) {
    await person.page.getByRole("button", { name: "Columns" }).click();
    await person.page.getByRole("menuitemcheckbox", { name: column }).click();
  }
  await person.page.getByRole("columnheader", { name: "Modified" }).getByRole("button").click();
  await person.row(PICTURE.name).locator(".cell-type").getByText("Image").waitFor();
  await person.page.evaluate(() => history.replaceState(null, "", "/"));
  await person.page.reload();
  await person.ready();
  assert.deepEqual((await heads()).map((head) => head.trim()).slice(0, -1), ["Name", "Type", "Modified"]);
  assert.match(person.page.url(), /sort=date/);
  await person.leaves();
});

test("details leave the list more than half of a small window, and stand beside it", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token, { viewport: { width: 1080, height: 800 } });
  await person.page.getByRole("button", { name: "Details" }).click();
  await person.row(PICTURE.name).click();
  const [list, details] = await Promise.all(
    [".panel.files", ".panel.details"].map((panel) => person.page.locator(panel).boundingBox()),
  );
  assert.ok(list && details && list.width > 1.6 * details.width && list.x + list.width <= details.x);
  await person.row(PICTURE.name).locator(".more-button button").click({ trial: true });
  await person.leaves();
});

test("on a wide screen the date stands near its name", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token, { viewport: { width: 1920, height: 900 } });
  const row = person.row(PICTURE.name);
  const [name, date] = await Promise.all([
    row.locator(".cell-name").boundingBox(),
    row.locator(".cell-modified_at").boundingBox(),
  ]);
  assert.ok(name && date && date.x - name.x <= 660, JSON.stringify([name, date]));
  await person.leaves();
});

test("several files are acted on from the details", async () => {
  await goesTo("#/");
  await ada.row("Bavaria").click();
  await ada.row(PICTURE.name).click({ modifiers: ["Control"] });
  const details = ada.page.getByRole("complementary", { name: "Details" });
  await details.getByText("2 selected").waitFor();
  await details.getByText("1 folder, 1 file").waitFor();
  await details.getByRole("button", { name: "Move" }).click();
  await ada.page.getByRole("dialog").getByText("Letters").click();
  await ada.page.keyboard.press("Escape");
  await ada.page.keyboard.press("Escape");
});

test("upload services are for administrators", async () => {
  const token = await set.cloud.register("grace", set.token);
  const grace = await Person.works(set.browser, set.cloud, token);
  assert.equal(await grace.page.getByText("Upload services").count(), 0);
  await grace.opensAccountMenu();
  assert.equal(await grace.page.getByRole("menuitem", { name: "Upload services" }).count(), 0);
  await grace.leaves();
  const services = await ada.opensServices();
  await services.getByText("Free", { exact: true }).first().waitFor();
  await ada.page.keyboard.press("Escape");
});

test("on a phone an icon opens the search, and the arrow before it ends it", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token, {
    viewport: { width: 360, height: 740 },
    hasTouch: true,
    isMobile: true,
  });
  await person.page.getByRole("button", { name: "Search files and folders" }).tap();
  await person.page.keyboard.type("baum");
  await person.page.clock.runFor(300);
  await person.page.locator(".hit-link").getByText("Über Bäume.txt").waitFor();
  assert.equal(await person.page.evaluate(() => document.documentElement.scrollWidth), 360);
  await person.page.getByRole("button", { name: "End the search" }).tap();
  await person.row("Letters").waitFor();
  await person.leaves();
});
