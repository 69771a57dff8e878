/** Without a connection: what is shown, what waits, and what goes on by itself. */

import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { Gate } from "../harness/gate.js";
import { Line } from "../harness/line.js";
import { Person } from "../harness/people.js";
import { stage } from "../harness/stage.js";

const set = stage({ prepare: furnish });

/** @param {import("../harness/stage.js").Stage} set */
async function furnish({ browser, cloud, token }) {
  await cloud.register("grace", token);
  const person = await Person.works(browser, cloud, token);
  await person.makesFolder("inside");
  await person.uploads(["keep.txt", "lose.txt"].map((name) => ({ name, buffer: Buffer.from(name) })));
  await person.uploadsAreDone(2);
  await person.leaves();
}

/** Somebody whose connection is cut once all parts of the page are loaded, and a way to have it back. */
async function goesOffline() {
  /** @type {Line | undefined} */
  let line;
  const prepare = async (/** @type {import("playwright-core").BrowserContext} */ context) => void (line = await Line.of(context));
  const person = await Person.works(set.browser, set.cloud, set.token, { prepare });
  await person.hasLoaded("uploads-part");
  await person.hasLoaded("on-demand-dialogs");
  await line?.cut();
  await person.page.getByText("The connection is lost.").waitFor();
  const comesBack = async () => {
    await line?.mend();
    await person.page.getByText("The connection is lost.").waitFor({ state: "detached" });
  };
  return { person, comesBack };
}

test("a folder that was never loaded says what it waits for, and is then shown", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token);
  const { port } = set.cloud;
  await set.cloud.down();
  await person.page.getByText("The connection is lost.").waitFor();
  await person.row("inside").dblclick();
  await person.page.getByText("This folder is not loaded yet").waitFor();
  const banner = await person.page.locator(".banner").boundingBox();
  const path = await person.page.getByRole("navigation", { name: "Path" }).boundingBox();
  assert.ok(banner && path && banner.y > path.y + path.height, "the path stays in sight");
  const attempt = person.page.waitForEvent("websocket");
  await person.page.getByRole("button", { name: "Reconnect now" }).click();
  await attempt;
  await set.cloud.up(port);
  // The page tries by itself, sooner or later; time that leaps would end requests that have just begun.
  await person.page.evaluate(() => dispatchEvent(new Event("online")));
  await person.page.getByText("This folder is empty").waitFor();
  await person.page.getByText("The connection is lost.").waitFor({ state: "detached" });
  await person.leaves();
});

test("a network that goes away silently is found out, and nothing waits for an answer for ever", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token);
  await person.context.setOffline(true);
  await person.row("inside").dblclick();
  await person.page.getByRole("status", { name: "Loading" }).waitFor();
  await person.page.clock.fastForward(5_000);
  await person.page.getByText("This folder is not loaded yet").waitFor();
  await person.context.setOffline(false);
  await person.page.getByText("This folder is empty").waitFor();
  await person.page.getByText("The connection is lost.").waitFor({ state: "detached" });
  await person.leaves();
});

test("a file that is opened without a connection says what it waits for, and is then shown", async () => {
  const { person, comesBack } = await goesOffline();
  await person.row("keep.txt").dblclick();
  const viewer = person.page.getByRole("dialog", { name: "keep.txt" });
  await viewer.getByText("It is shown as soon as the connection is back.").waitFor();
  await comesBack();
  await viewer.locator("pre").getByText("keep.txt").waitFor();
  await person.leaves();
});

test("dialogs say that there is no connection, and go on once it is back", async () => {
  for (const { choice, found } of [
    { choice: "Move", found: "inside" },
    { choice: "Share", found: "Only you and people you share it with" },
  ]) {
    const { person, comesBack } = await goesOffline();
    await person.chooses("keep.txt", choice);
    const dialog = person.page.getByRole("dialog");
    await dialog.getByText("There is no connection at the moment.").waitFor();
    assert.equal(await dialog.locator(".spinner").count(), 0);
    await comesBack();
    await dialog.getByText(found).waitFor();
    await dialog.getByText("There is no connection at the moment.").waitFor({ state: "detached" });
    await person.leaves();
  }
});

test("people who cannot be looked for are not said to be missing", async () => {
  const { person, comesBack } = await goesOffline();
  await person.chooses("keep.txt", "Transfer ownership");
  await person.page.getByLabel("New owner").fill("gra");
  await person.page.clock.fastForward(1_000);
  await person.page.getByRole("dialog").getByText("There is no connection at the moment.").waitFor();
  assert.equal(await person.page.getByText("No user found.").count(), 0);
  await comesBack();
  await person.page.getByRole("dialog").getByText("grace").waitFor();
  await person.leaves();
});

test("what needs the connection is refused in one sentence", async () => {
  const { person, comesBack } = await goesOffline();
  const refused = person.page.locator(".toast.bad").getByText("There is no connection at the moment.");
  for (const [name, choice] of [
    ["keep.txt", "Download"],
    ["inside", "Download as zip"],
  ]) {
    await person.chooses(String(name), String(choice));
    await refused.waitFor();
    await person.page.clock.fastForward(10_000);
    await refused.waitFor({ state: "detached" });
  }
  await person.opensServices();
  await person.page.getByRole("dialog").getByText("The manager cannot be reached.").waitFor();
  await comesBack();
  await person.page.getByRole("dialog").getByText("connected", { exact: true }).waitFor();
  await person.leaves();
});

test("empty folders alone are told to wait, and can be given up", async () => {
  const local = await mkdtemp(path.join(tmpdir(), "discord-cloud-drop-"));
  await mkdir(path.join(local, "vacant", "first"), { recursive: true });
  await mkdir(path.join(local, "vacant", "second"));
  await mkdir(path.join(local, "unwanted"));
  const { person, comesBack } = await goesOffline();
  const queue = person.page.getByRole("region", { name: "Uploads" });
  await person.drops([path.join(local, "unwanted")], { folder: "All files" });
  await queue.getByText("Waiting for the connection").waitFor();
  await queue.getByText("1 folder left").waitFor();
  await person.cancelsAllUploads();
  await queue.waitFor({ state: "detached" });
  await person.drops([path.join(local, "vacant")], { folder: "All files" });
  await queue.getByText("2 folders left").waitFor();
  await comesBack();
  await queue.waitFor({ state: "detached" });
  await person.row("vacant").dblclick();
  await person.sees(["first", "second"]);
  await person.leaves();
  await rm(local, { recursive: true });
});

test("the news of the lost connection stands beside path, tools and uploads, not over them", async () => {
  const { person, comesBack } = await goesOffline();
  await person.uploads([1, 2, 3, 4, 5, 6].map((number) => ({ name: `waiting ${number}`, buffer: Buffer.from("wait") })));
  const queue = person.page.getByRole("region", { name: "Uploads" });
  await queue.getByText("6 files left").waitFor();
  const others = [queue, person.page.getByRole("toolbar"), person.page.getByRole("navigation", { name: "Path" })];
  for (const width of [360, 768, 1024, 1180, 1280]) {
    await person.page.setViewportSize({ width, height: 740 });
    const banner = await boxOf(person.page.locator(".banner"));
    for (const other of others) {
      const box = await boxOf(other);
      const isApart = banner.right <= box.x || box.right <= banner.x || banner.bottom <= box.y || box.bottom <= banner.y;
      assert.ok(isApart, `${width}: ${JSON.stringify({ banner, box })}`);
    }
  }
  await person.cancelsAllUploads();
  await comesBack();
  await person.leaves();
});

/** @param {import("playwright-core").Locator} locator */
async function boxOf(locator) {
  const box = await locator.boundingBox();
  assert.ok(box);
  return { ...box, right: box.x + box.width, bottom: box.y + box.height };
}

test("uploads wait for the connection and say so, and empty folders come with them", async () => {
  const local = await mkdtemp(path.join(tmpdir(), "discord-cloud-drop-"));
  await mkdir(path.join(local, "hollow", "core"), { recursive: true });
  await writeFile(path.join(local, "new.txt"), "new");
  const { person, comesBack } = await goesOffline();
  await person.drops([path.join(local, "hollow"), path.join(local, "new.txt")], { folder: "All files" });
  await person.page.locator(".queue-title").getByText("Waiting for the connection").waitFor();
  await person.page.locator(".queue-title").getByText("2 items left").waitFor();
  await comesBack();
  await person.uploadsAreDone(1);
  await person.row("hollow").waitFor();
  await person.row("hollow").dblclick();
  await person.row("core").waitFor();
  await person.leaves();
  await rm(local, { recursive: true });
});

test("a file that is changed on the disk meanwhile is told as that, and has to be chosen again", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "discord-cloud-changing-"));
  const file = path.join(folder, "draft.bin");
  await writeFile(file, Buffer.alloc(30_000_000, 1));
  const person = await Person.works(set.browser, set.cloud, set.token);
  const gate = await Gate.before(person.page);
  await person.page.setInputFiles("#pick-files", file);
  await gate.holds(1);
  await writeFile(file, Buffer.alloc(5, 2));
  await gate.open();
  const row = person.page.locator(".queue-row").filter({ hasText: "draft.bin" });
  await row.getByText("The file was changed or removed meanwhile.").waitFor();
  assert.equal(await row.getByRole("button", { name: "Retry draft.bin" }).count(), 0);
  const chooser = person.page.waitForEvent("filechooser");
  await row.getByRole("button", { name: "Choose draft.bin again" }).click();
  await (await chooser).setFiles(file);
  await person.uploadsAreDone(1);
  await person.row("draft.bin").locator(".cell-size").getByText("5 B").waitFor();
  await person.leaves();
  await rm(folder, { recursive: true });
});

test("of small files that go together one that is changed on the disk fails alone", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "discord-cloud-changing-"));
  const files = ["altered.txt", "same.txt"].map((name) => path.join(folder, name));
  for (const file of files) await writeFile(file, "as it was chosen");
  const person = await Person.works(set.browser, set.cloud, set.token);
  const gate = await Gate.before(person.page);
  await person.page.setInputFiles("#pick-files", files);
  await gate.holds(1);
  await writeFile(String(files[0]), "other");
  await gate.open();
  const row = person.page.locator(".queue-row").filter({ hasText: "altered.txt" });
  await row.getByText("The file was changed or removed meanwhile.").waitFor();
  await person.row("same.txt").waitFor();
  assert.equal(await person.row("altered.txt").count(), 0);
  await person.leaves();
  await rm(folder, { recursive: true });
});
