/** Looking around: folders, orders, addresses, keys, selections, very long lists. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { png } from "../harness/contents.js";
import { Person } from "../harness/people.js";
import { stage } from "../harness/stage.js";

const FILES = ["apple.txt", "banana.txt", "cherry.txt"];

/** @param {Person} person */
const content = (person) => person.page.locator("#content");

const set = stage({ prepare: furnish });

/** @param {import("../harness/stage.js").Stage} set */
async function furnish(set) {
  const person = await Person.works(set.browser, set.cloud, set.token);
  await person.makesFolder("photos");
  await person.makesFolder("zoo");
  await person.uploads(FILES.map((name, index) => ({ name, buffer: Buffer.alloc(3000 - index * 1000, "x") })));
  await person.uploadsAreDone(3);
  await person.leaves();
}

test("folders come first, and every column sorts both ways", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token);
  await person.sees(["photos", "zoo", ...FILES]);
  await person.page.getByRole("columnheader", { name: "Name" }).getByRole("button").click();
  await person.sees(["zoo", "photos", "cherry.txt", "banana.txt", "apple.txt"]);
  await person.page.getByRole("columnheader", { name: "Size" }).getByRole("button").click();
  await person.sees(["photos", "zoo", ...FILES]);
  await person.page.getByRole("columnheader", { name: "Size" }).getByRole("button").click();
  await person.sees(["photos", "zoo", ...FILES.toReversed()]);
  const sort = await person.page.getByRole("columnheader", { name: "Size" }).getAttribute("aria-sort");
  assert.equal(sort, "ascending");
  await person.leaves();
});

test("addresses can be bookmarked, and the back button goes back", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token);
  await person.row("photos").dblclick();
  await person.page.getByText("This folder is empty").waitFor();
  await person.makesFolder("a b & c");
  await person.row("a b & c").dblclick();
  await person.page.getByRole("heading", { name: "a b & c", level: 1 }).waitFor();
  const address = new URL(person.page.url());
  await person.page.goBack();
  await person.page.getByRole("heading", { name: "photos", level: 1 }).waitFor();
  await person.page.getByRole("link", { name: "All files" }).first().click();
  await person.row("apple.txt").waitFor();
  await person.leaves();

  const later = await Person.works(set.browser, set.cloud, set.token, {
    at: `/${address.hash}?sort=size&direction=up&view=grid`,
  });
  await later.page.getByRole("heading", { name: "a b & c", level: 1 }).waitFor();
  assert.equal(await later.page.getByRole("button", { name: "Tiles" }).getAttribute("aria-pressed"), "true");
  await later.leaves();
});

test("a folder that is not there says so, and leads back", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token, { at: "/#/nowhere" });
  await person.page.getByText("Folder not found").waitFor();
  assert.ok(await person.page.getByRole("button", { name: "New folder" }).isDisabled());
  await person.page.getByRole("button", { name: "Upload", exact: true }).click();
  assert.ok(await person.page.getByRole("menuitem", { name: "New folder" }).isDisabled());
  await person.page.keyboard.press("Escape");
  await person.page.getByRole("button", { name: "Go to all files" }).click();
  await person.row("apple.txt").waitFor();
  await person.leaves();
});

test("keys move, select, open and go up", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token);
  const { keyboard } = person.page;
  const selected = (/** @type {number} */ count) => person.page.locator(".summary").getByText(`${count} selected`).waitFor();
  await content(person).focus();
  await keyboard.press("ArrowDown");
  await selected(1);
  assert.equal(await person.row("photos").getAttribute("aria-selected"), "true");
  await keyboard.press("End");
  await keyboard.press("Shift+ArrowUp");
  await keyboard.press("Shift+ArrowUp");
  await selected(3);
  await keyboard.press("Control+a");
  await selected(5);
  await keyboard.press("Control+ArrowUp");
  await keyboard.press(" ");
  await selected(4);
  await keyboard.press("Escape");
  await person.page.getByText("2 folders, 3 files").waitFor();
  await keyboard.press("Home");
  await keyboard.type("ch");
  await person.page.locator('.row[aria-selected="true"]').getByText("cherry.txt").waitFor();
  await keyboard.type("zoo", { delay: 0 });
  await keyboard.press("Home");
  await keyboard.press("Enter");
  await person.page.getByRole("heading", { name: "photos", level: 1 }).waitFor();
  await person.row("a b & c").waitFor();
  await keyboard.press("Backspace");
  await person.row("apple.txt").waitFor();
  await keyboard.press("End");
  assert.equal(await person.row("cherry.txt").getAttribute("aria-selected"), "true");
  await person.leaves();
});

test("keys work before anything was clicked, and lead out of an empty folder", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token);
  const { keyboard } = person.page;
  await keyboard.press("End");
  await person.page.locator(".summary").getByText("1 selected").waitFor();
  assert.equal(await person.row("cherry.txt").getAttribute("aria-selected"), "true");
  await keyboard.press("Home");
  await keyboard.press("ArrowDown");
  await keyboard.press("Enter");
  await person.page.getByText("This folder is empty").waitFor();
  await keyboard.press("Backspace");
  await person.row("apple.txt").waitFor();
  await person.leaves();
});

test("the focus is never lost with a button that vanishes, and comes back from what a menu has opened", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token);
  const { page } = person;
  const hasFocus = (/** @type {import("playwright-core").Locator} */ place) => place.and(page.locator(":focus")).waitFor();
  await page.keyboard.press("End");
  await page.getByRole("button", { name: "Clear the selection" }).press("Enter");
  await hasFocus(content(person));
  await page.keyboard.press("End");
  await page.getByRole("complementary", { name: "Details" }).getByRole("button", { name: "Close" }).press("Enter");
  await hasFocus(content(person));
  await page.getByRole("button", { name: "Move", exact: true }).press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "photos" }).press("Enter");
  await hasFocus(dialog.locator(".folder-picker"));
  await dialog.getByRole("button", { name: "To the folder above" }).press("Enter");
  await hasFocus(dialog.locator(".folder-picker"));
  await page.keyboard.press("Escape");
  await hasFocus(page.getByRole("button", { name: "Move", exact: true }));
  const account = page.getByRole("button", { name: /^Account of/ });
  await account.press("Enter");
  await page.getByRole("menuitem", { name: "Keyboard shortcuts" }).press("Enter");
  await dialog.waitFor();
  await page.keyboard.press("Escape");
  await hasFocus(account);
  await person.leaves();
});

test("one press of Tab leads over the list, however long it is", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token);
  await person.page.getByRole("button", { name: "Columns" }).focus();
  await person.page.keyboard.press("Tab");
  await person.page.getByRole("complementary", { name: "Details" }).locator(":focus").waitFor();
  await person.leaves();
});

test("keys are about the selected item in another order too, and buttons keep theirs", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token);
  await person.row("banana.txt").click();
  const name = person.page.getByRole("columnheader", { name: "Name" });
  await name.getByRole("button").focus();
  await person.page.keyboard.press("Enter");
  await person.sees(["zoo", "photos", "cherry.txt", "banana.txt", "apple.txt"]);
  await content(person).focus();
  await person.page.keyboard.press("F2");
  await person.page.getByLabel("New name of banana.txt").waitFor();
  await person.leaves();
});

test("back after a preview does not open it again", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token, { at: "/#/photos" });
  await person.page.getByRole("link", { name: "All files" }).first().click();
  await person.row("apple.txt").dblclick();
  const viewer = person.page.getByRole("dialog", { name: "apple.txt" });
  await viewer.waitFor();
  await viewer.getByRole("button", { name: "Close" }).click();
  await viewer.waitFor({ state: "detached" });
  await person.page.goBack();
  await person.page.getByRole("heading", { name: "photos", level: 1 }).waitFor();
  await person.leaves();
});

test("Ctrl and Shift select several with the mouse, and the menu is about all of them", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token);
  await person.row("photos").click();
  await person.row("cherry.txt").click({ modifiers: ["Shift"] });
  await person.page.getByText("5 selected").first().waitFor();
  await person.row("banana.txt").click({ modifiers: ["Control"] });
  await person.page.getByText("4 selected").first().waitFor();
  await person.row("apple.txt").click({ button: "right" });
  const menu = person.page.getByRole("menu");
  assert.deepEqual(await menu.getByRole("menuitem").locator("span").allTextContents(), [
    "Download",
    "Add star",
    "Cut",
    "Copy",
    "Move",
    "Details",
    "Delete",
  ]);
  await person.page.keyboard.press("ArrowDown");
  await person.page.keyboard.press("Escape");
  assert.equal(await menu.count(), 0);
  await person.leaves();
});

test("fingers select several once one is selected, and open otherwise", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token, { hasTouch: true });
  await person.page.getByLabel("Select apple.txt").tap();
  await person.row("banana.txt").tap();
  await person.page.getByText("2 selected").first().waitFor();
  await person.page.getByRole("button", { name: "Clear the selection" }).tap();
  await person.row("banana.txt").tap();
  await person.page.getByRole("dialog", { name: "banana.txt" }).waitFor();
  await person.leaves();
});

test("the menu also opens by key", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token);
  await person.row("apple.txt").click();
  await person.page.keyboard.press("Shift+F10");
  await person.page.getByRole("menuitem", { name: "Preview" }).waitFor();
  await person.page.keyboard.press("Escape");
  await content(person).waitFor();
  assert.equal(await person.page.evaluate(() => document.activeElement?.id), "content");
  await person.leaves();
});

test("a menu closes by a press beside it or on its button, and follows a right click", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token);
  const { page } = person;
  const menu = page.getByRole("menu");
  await person.row("apple.txt").click({ button: "right" });
  await menu.getByRole("menuitem", { name: "Preview" }).waitFor();
  const before = await menu.boundingBox();
  await person.row("photos").click({ button: "right", position: { x: 240, y: 10 } });
  await menu.getByRole("menuitem", { name: "Open" }).waitFor();
  assert.equal(await menu.count(), 1);
  assert.notEqual((await menu.boundingBox())?.x, before?.x);
  await page.mouse.click(600, 700);
  await menu.waitFor({ state: "detached" });
  const button = page.getByRole("button", { name: "Upload", exact: true });
  await button.click();
  await menu.waitFor();
  await button.click();
  await menu.waitFor({ state: "detached" });
  assert.equal(await button.getAttribute("aria-expanded"), "false");
  await person.leaves();
});

test("a tap beside a menu closes it, and opens nothing", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token, { hasTouch: true });
  const { page } = person;
  await person.row("photos").getByRole("button", { name: "Actions for photos" }).tap();
  await page.getByRole("menu").waitFor();
  await page.getByRole("button", { name: "Clear the selection" }).tap();
  await page.getByRole("menu").waitFor({ state: "detached" });
  await page.getByText("1 selected").first().waitFor();
  await person.leaves();
});

test("a menu that is higher than the window stays inside, and all of it can be reached", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token, { viewport: { width: 640, height: 300 } });
  const menu = person.page.getByRole("menu");
  const isInside = async (/** @type {import("playwright-core").Locator} */ part) => {
    const box = await part.boundingBox();
    assert.ok(box && box.y >= 0 && box.y + box.height <= 300);
  };
  await person.row("apple.txt").click({ button: "right" });
  await isInside(menu);
  await menu.getByRole("menuitem", { name: "Delete" }).hover();
  await isInside(menu.getByRole("menuitem", { name: "Delete" }));
  await person.leaves();
});

test("tiles show pictures of images", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token, { at: "/#/zoo?view=grid" });
  await person.uploads([{ name: "lion.png", mimeType: "image/png", buffer: png(60, 40, (x) => [255 * x, 180, 60]) }]);
  const picture = person.page.locator(".tile img");
  await picture.waitFor();
  await person.page.waitForFunction(() => (document.querySelector("img")?.naturalWidth ?? 0) > 0);
  await person.page.getByRole("gridcell", { name: "lion.png" }).click();
  await person.page.keyboard.press("Enter");
  await person.page.getByRole("dialog", { name: "lion.png" }).waitFor();
  await person.leaves();
});

test("of 20 000 files only the pages in sight are asked for", async () => {
  await set.cloud.python("crowd.py", "20000");
  /** @type {number[]} */
  const pages = [];
  const person = await Person.works(set.browser, set.cloud, set.token, { at: "/#/zoo" });
  await person.leaves();
  const watcher = await Person.visits(set.browser, set.cloud);
  watcher.page.on("websocket", (socket) =>
    socket.on("framesent", ({ payload }) => {
      const frame = JSON.parse(String(payload));
      if (frame.id === "c2s:list-request" && frame.data.type === "files") pages.push(frame.data.page);
    }),
  );
  await watcher.logsIn("ada");
  await watcher.page.getByText("2 folders, 20,003 files").waitFor();
  await watcher.row("apple.txt").waitFor();
  assert.ok(pages.length <= 2, `${pages}`);
  await content(watcher).focus();
  await watcher.page.keyboard.press("End");
  await watcher.row("file 019999.txt").waitFor();
  assert.ok((await watcher.page.locator(".row").count()) < 60);
  await content(watcher).evaluate((element) => (element.scrollTop = element.scrollHeight / 2));
  await watcher.row("file 010000.txt").waitFor();
  assert.ok(pages.length <= 6, `${pages}`);
  await watcher.leaves();
});

test("a large selection comes several pages at a time, says how far it is, and can be stopped", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token);
  /** @type {(() => void)[]} */
  const held = [];
  let isHolding = false;
  let told = () => {};
  await person.page.routeWebSocket(/type=client/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => {
      if (isHolding && JSON.parse(String(message)).id === "c2s:list-request") held.push(() => server.send(message));
      else server.send(message);
      told();
    });
  });
  const holds = async (/** @type {number} */ count) => {
    while (held.length < count) await new Promise((resolve) => (told = () => resolve(undefined)));
  };
  await person.page.reload();
  await person.row("apple.txt").click();
  isHolding = true;
  await person.page.keyboard.press("Control+a");
  await holds(6);
  held.shift()?.();
  await holds(6);
  await person.page.getByText("Selecting … 2%").waitFor();
  assert.equal(await person.page.getByRole("progressbar", { name: "Selecting" }).getAttribute("aria-valuenow"), "2");
  assert.equal(held.length, 6);
  await person.page.keyboard.press("Escape");
  await person.page.getByText("2 folders, 20,003 files").waitFor();
  isHolding = false;
  for (const release of held) release();
  await person.page.keyboard.press("Control+a");
  await person.page.getByText("5,000 selected").first().waitFor();
  await person.page.getByText("The first 5,000 were selected").waitFor();
  await person.leaves();
});

test("a viewer that is asked to close twice leaves the folder where it is", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token, { at: "/#/photos" });
  const { page } = person;
  await page.getByRole("link", { name: "All files" }).first().click();
  const viewer = page.getByRole("dialog", { name: "apple.txt" });
  /** @type {(() => Promise<void>)[]} */
  const closings = [
    async () => {
      // Both keys are there before the browser has gone back in its history.
      await page.evaluate(() => {
        const dialog = document.querySelector("dialog.viewer");
        for (let time = 0; time < 2; time += 1) dialog?.dispatchEvent(new Event("cancel", { cancelable: true }));
      });
    },
    () => viewer.getByRole("button", { name: "Close" }).dblclick(),
    async () => {
      await page.keyboard.press("Escape");
      await page.keyboard.press("Escape");
    },
  ];
  for (const closes of closings) {
    await person.row("apple.txt").dblclick();
    await viewer.waitFor();
    await closes();
    await viewer.waitFor({ state: "detached" });
    assert.equal(await page.getByRole("menu").count(), 0, "the second click has hit what was below the viewer");
    // What is done next comes after what the closing has begun.
    await person.row("banana.txt").dblclick();
    await page.getByRole("dialog", { name: "banana.txt" }).waitFor();
    await page.goBack();
    await page.getByRole("dialog", { name: "banana.txt" }).waitFor({ state: "detached" });
    await page.getByRole("heading", { name: "All files", level: 1 }).waitFor();
  }
  await page.goBack();
  await page.getByRole("heading", { name: "photos", level: 1 }).waitFor();
  await person.leaves();
});
