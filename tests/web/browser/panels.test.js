/** What stands beside and over the files: details and uploads, each usable while the other is there. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Gate } from "../harness/gate.js";
import { Person } from "../harness/people.js";
import { stage } from "../harness/stage.js";

/** @import { Locator } from "playwright-core" */

const set = stage();

/** @param {Locator} target */
async function box(target) {
  const found = await target.boundingBox();
  assert.ok(found);
  return { ...found, right: found.x + found.width, bottom: found.y + found.height };
}

for (const width of [1280, 960]) {
  test(`uploads and details stand beside each other, ${width} pixels wide`, async () => {
    const person = await Person.works(set.browser, set.cloud, set.token, { viewport: { width, height: 800 } });
    const { page } = person;
    const gate = await Gate.before(page);
    const name = `held ${width}.txt`;
    await person.makesFolder(`at ${width}`);
    await person.uploads([{ name, buffer: Buffer.from("1") }]);
    await gate.holds(1);
    const details = page.getByRole("complementary", { name: "Details" });
    if (!(await details.isVisible())) await page.getByRole("button", { name: "Details" }).click();
    await person.row(`at ${width}`).click();
    await details.getByText("Folder").waitFor();
    const uploads = page.getByRole("region", { name: "Uploads" });
    await uploads.getByText(name).waitFor();
    const [shown, queue] = [await box(details), await box(uploads)];
    assert.ok(shown.height >= 240 && shown.bottom <= queue.y, "they cover each other");
    assert.ok(queue.bottom <= 800 && queue.right <= width, "the queue ends outside of the page");
    await details.getByRole("button", { name: "Open" }).click({ trial: true });
    await uploads.getByRole("button", { name: `Cancel ${name}` }).click({ trial: true });
    await page.getByRole("button", { name: "Clear the selection" }).click();
    await page.getByRole("button", { name: "Tiles" }).click();
    await page.getByRole("button", { name: "Sorted by Name" }).click({ trial: true });
    await uploads.getByRole("button", { name: `Cancel ${name}` }).click();
    await gate.open();
    await person.leaves();
  });
}

test("uploads cover neither sizes nor menus, wherever they stand", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token);
  const { page } = person;
  const gate = await Gate.before(page);
  await page.getByRole("button", { name: "Details" }).click();
  await person.uploads(Array.from({ length: 9 }, (_, index) => ({ name: `${index} held.txt`, buffer: Buffer.from("1") })));
  await gate.holds(1);
  for (const fold of ["Collapse list", "Expand list"]) {
    await page.getByRole("button", { name: fold }).click();
    for (const width of [360, 768, 1000, 1280, 1920]) {
      await page.setViewportSize({ width, height: 740 });
      const [files, queue] = [await box(page.locator(".panel.files")), await box(page.getByRole("region", { name: "Uploads" }))];
      const where = `${width}, ${fold}: ${JSON.stringify({ files, queue })}`;
      assert.ok(files.right <= queue.x || files.bottom <= queue.y, where);
      assert.ok(queue.right <= width && queue.bottom <= 740 && files.height > 200, where);
    }
  }
  await person.cancelsAllUploads();
  await gate.open();
  await person.leaves();
});

test("a double click opens a folder beside details", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token, { viewport: { width: 960, height: 700 } });
  const { page } = person;
  await person.makesFolder("opened twice");
  await page.getByRole("button", { name: "Details" }).click();
  const row = await box(person.row("opened twice"));
  await page.mouse.dblclick(row.right - 120, row.y + 20);
  await page.getByRole("heading", { name: "opened twice", level: 1 }).waitFor();
  await person.leaves();
});

test("what processing finds out about a file appears when the manager announces it, and is not asked for before", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token);
  const { page } = person;
  /** @type {string[]} */
  const asked = [];
  /** @type {object | null} */
  let metadata = null;
  await page.route("**/page/metadata?*", (route) => {
    asked.push(route.request().url());
    return route.fulfill({ json: { error: false, metadata, views: [] } });
  });
  /** @type {import("playwright-core").WebSocketRoute | undefined} */
  let socket;
  let id = 0;
  await page.routeWebSocket(/type=client/, (opened) => {
    socket = opened;
    opened.connectToServer().onMessage((message) => {
      id = JSON.parse(String(message)).data.files?.find((/** @type {any} */ file) => file.name === "film.txt")?.id ?? id;
      opened.send(message);
    });
  });
  await page.reload();
  await person.ready();
  await person.uploads([{ name: "film.txt", buffer: Buffer.from("1") }]);
  const first = page.waitForRequest(/page\/metadata/);
  await person.row("film.txt").click();
  await first;
  const details = page.getByRole("complementary", { name: "Details" });
  await details.getByText("film.txt").waitFor();
  await page.clock.runFor(9_000);
  const before = asked.length;
  metadata = { lines: 1234 };
  socket?.send(JSON.stringify({ id: "s2c:file-processed", uuid: crypto.randomUUID(), data: { file_id: id } }));
  await details.getByText("1,234").waitFor();
  assert.equal(asked.length, before + 1);
  await person.leaves();
});
