/** Uploads: picked and dropped, several at once, paused, cancelled, retried, in conflict, and cut off. */

import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { png } from "../harness/contents.js";
import { Gate } from "../harness/gate.js";
import { Person } from "../harness/people.js";
import { stage } from "../harness/stage.js";

const set = stage();

/**
 * @param {string} folder which is made
 * @returns {Promise<Person>}
 */
async function worksIn(folder) {
  const person = await Person.works(set.browser, set.cloud, set.token);
  await person.makesFolder(folder);
  await person.row(folder).dblclick();
  await person.page.getByText("This folder is empty").waitFor();
  return person;
}

/**
 * @param {string} name
 * @param {number} [size]
 */
const file = (name, size = 20) => ({ name, buffer: Buffer.alloc(size, name) });

/**
 * A file that does not go together with small ones.
 * @param {string} name
 */
const large = (name) => file(name, 1_100_000);

/**
 * A row of the queue.
 * @param {Person} person
 * @param {string} name
 * @param {string} state
 */
const queued = (person, name, state) =>
  person.page.locator(`.queue-row[data-state="${state}"]`).filter({ has: person.page.locator(".name", { hasText: name }) });

test("picked files are stored, also empty ones and those of several chunks", async () => {
  const person = await worksIn("picked");
  await person.uploads([file("big.bin", 21_000_000), file("empty.txt", 0), file("small.txt")]);
  await person.uploadsAreDone(3);
  await person.sees(["big.bin", "empty.txt", "small.txt"]);
  await person.page.getByText("20.0 MiB").first().waitFor();
  const [download] = await Promise.all([person.page.waitForEvent("download"), person.chooses("big.bin", "Download")]);
  const stream = await download.createReadStream();
  let size = 0;
  for await (const piece of stream) size += piece.length;
  assert.equal(size, 21_000_000);
  await person.leaves();
});

test("dropped folders arrive with everything in them", async () => {
  const person = await worksIn("dropped");
  const local = await mkdtemp(path.join(tmpdir(), "drop-"));
  await mkdir(path.join(local, "trip/day one/none"), { recursive: true });
  await writeFile(path.join(local, "trip/map.txt"), "map");
  await writeFile(path.join(local, "trip/day one/walk.txt"), "walk");
  await writeFile(path.join(local, "alone.txt"), "alone");
  await person.drops([path.join(local, "trip"), path.join(local, "alone.txt")], { folder: "dropped" });
  await person.uploadsAreDone(3);
  await person.sees(["trip", "alone.txt"]);
  await person.row("trip").dblclick();
  await person.sees(["day one", "map.txt"]);
  await person.row("day one").dblclick();
  await person.sees(["none", "walk.txt"]);
  await person.leaves();
  await rm(local, { recursive: true });
});

test("nothing is taken for a folder that is gone, and everything for those around it", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token, { at: "/#/nowhere" });
  const local = await mkdtemp(path.join(tmpdir(), "drop-"));
  const file = path.join(local, "rescued.txt");
  await writeFile(file, "hello");
  await person.uploads([{ name: "refused.txt", buffer: Buffer.from("hello") }]);
  await person.page.locator(".toast.bad").getByText("Folder not found").waitFor();
  await person.drops([file], {
    onto: person.page.getByRole("navigation", { name: "Places" }).getByRole("link", { name: "All files" }),
    folder: "All files",
  });
  await person.uploadsAreDone(1);
  await person.page.getByRole("button", { name: "Go to all files" }).click();
  await person.row("rescued.txt").waitFor();
  assert.equal(await person.row("refused.txt").count(), 0);
  await person.leaves();
  await rm(local, { recursive: true });
});

test("what is dropped on a folder goes into it", async () => {
  const person = await worksIn("harbour");
  const local = await mkdtemp(path.join(tmpdir(), "drop-"));
  const [one, two, three] = ["one.txt", "two.txt", "three.txt"].map((name) => path.join(local, name));
  for (const name of [one, two, three]) await writeFile(String(name), "hello");
  await person.makesFolder("quay");
  await person.drops([String(one)], { onto: person.row("quay"), folder: "quay" });
  await person.uploadsAreDone(1);
  await person.sees(["quay"]);
  await person.page.getByRole("button", { name: "Tiles" }).click();
  await person.drops([String(two)], { onto: person.page.getByRole("gridcell", { name: "quay" }), folder: "quay" });
  await queued(person, "two.txt", "done").waitFor();
  await person.drops([String(three)], {
    onto: person.page.getByRole("navigation", { name: "Places" }).getByRole("link", { name: "All files" }),
    folder: "All files",
  });
  await queued(person, "three.txt", "done").waitFor();
  await person.page.getByRole("button", { name: "Table" }).click();
  await person.row("quay").dblclick();
  await person.sees(["one.txt", "two.txt"]);
  await person.page.goto(`${set.cloud.url}/#/`);
  await person.row("three.txt").waitFor();
  await rm(local, { recursive: true });
  await person.leaves();
});

test("all services that are booked work at the same time, and are given back", async () => {
  const person = await worksIn("several");
  const gate = await Gate.before(person.page);
  await person.uploads(Array.from({ length: 6 }, (_, index) => large(`part ${index}.bin`)));
  await gate.holds(4);
  await person.page.locator('.queue-row[data-state="sending"]').nth(3).waitFor();
  assert.equal(await person.page.locator('.queue-row[data-state="waiting"]').count(), 2);
  const services = await person.opensServices();
  await services.getByText("Serves ada").nth(3).waitFor();
  assert.equal(await services.locator(".numbers > div", { hasText: "booked by you" }).locator("strong").textContent(), "4");
  await gate.open();
  await person.page.locator('.queue-row[data-state="done"]').nth(5).waitFor();
  await services.getByText("Free", { exact: true }).nth(3).waitFor();
  await person.leaves();
});

for (const { kind, make, held } of [
  { kind: "large", make: large, held: { three: 3, six: 4 } },
  { kind: "small", make: file, held: { three: 1, six: 1 } },
]) {
  test(`${kind} uploads are paused, resumed and cancelled, each alone`, async () => {
    const person = await worksIn(`${kind} paused`);
    const gate = await Gate.before(person.page);
    await person.uploads(["first.bin", "second.bin", "third.bin"].map((name) => make(name)));
    await gate.holds(held.three);
    await person.page.getByRole("button", { name: "Pause first.bin" }).click();
    await queued(person, "first.bin", "paused").waitFor();
    await person.page.getByRole("button", { name: "Cancel second.bin" }).click();
    await queued(person, "second.bin", "cancelled").waitFor();
    await gate.open();
    await person.sees(["third.bin"]);
    await person.page.getByRole("button", { name: "Resume first.bin" }).click();
    await person.sees(["first.bin", "third.bin"]);
    await person.page.getByRole("button", { name: "Retry second.bin" }).click();
    await person.sees(["first.bin", "second.bin", "third.bin"]);
    await person.leaves();
  });

  test(`${kind} uploads are all paused and resumed at once`, async () => {
    const person = await worksIn(`${kind} all paused`);
    const gate = await Gate.before(person.page);
    await person.uploads(Array.from({ length: 6 }, (_, index) => make(`${index}.bin`)));
    await gate.holds(held.six);
    await person.page.getByRole("button", { name: "Pause all" }).click();
    await person.page.getByText("Paused, 6 left").waitFor();
    await gate.open();
    await person.page.getByRole("button", { name: "Resume all" }).click();
    await person.uploadsAreDone(6);
    await person.leaves();
  });
}

test("small files go together, and a taken name among them is asked about alone", async () => {
  const person = await worksIn("together");
  /** @type {string[]} */
  const sent = [];
  person.context.on("request", (request) => {
    if (request.method() === "POST" && /\/(upload|bundle\/[^/]+)$/.test(request.url())) sent.push(request.url());
  });
  await person.uploads([file("b.txt", 1500)]);
  await person.uploadsAreDone(1);
  sent.length = 0;
  await person.uploads([file("a.txt"), file("b.txt"), file("c.txt")]);
  const question = person.page.getByRole("dialog", { name: "Name already exists" });
  await question.waitFor();
  await queued(person, "a.txt", "done").waitFor();
  await queued(person, "c.txt", "done").waitFor();
  assert.equal(sent.length, 1, "one body for all of them");
  await question.getByRole("button", { name: /^Keep both/ }).click();
  await person.sees(["a.txt", "b (1).txt", "b.txt", "c.txt"]);
  await person.leaves();
});

test("where the manager takes no bundles small files go one by one", async () => {
  const person = await worksIn("singly");
  await person.hasNoExtensions();
  await person.page.reload();
  await person.ready();
  const gate = await Gate.before(person.page);
  await person.uploads(["a.txt", "b.txt", "c.txt"].map((name) => file(name)));
  await gate.holds(3);
  await gate.open();
  await person.uploadsAreDone(3);
  await person.sees(["a.txt", "b.txt", "c.txt"]);
  await person.leaves();
});

test("cancelling all asks first, and a double click neither cancels nor closes anything", async () => {
  const person = await worksIn("all cancelled");
  const gate = await Gate.before(person.page);
  await person.uploads([file("first.bin"), file("second.bin"), large("third.bin")]);
  await gate.holds(2);
  const question = person.page.getByRole("dialog", { name: "Cancel all uploads?" });
  for (const width of [360, 1280]) {
    await person.page.setViewportSize({ width, height: 800 });
    await person.page.getByRole("button", { name: "Cancel all" }).dblclick();
    await question.getByText("3 files will not be uploaded.").waitFor();
    await question.getByRole("button", { name: "Keep uploading" }).click();
    await queued(person, "second.bin", "sending").waitFor();
  }
  await person.cancelsAllUploads();
  await queued(person, "first.bin", "cancelled").waitFor();
  await queued(person, "second.bin", "cancelled").waitFor();
  await queued(person, "third.bin", "cancelled").waitFor();
  await gate.open();
  await person.page.getByText("This folder is empty").waitFor();
  await person.leaves();
});

test("uploads that stand still say so, and count nothing that was stored before", async () => {
  const person = await worksIn("standing still");
  const queue = person.page.getByRole("region", { name: "Uploads" });
  const gate = await Gate.before(person.page);
  const [first, second] = [file("first.bin", 5_000), file("second.bin", 2_048)];
  await person.uploads([first]);
  await gate.holds(1);
  await gate.pass(1);
  await person.uploadsAreDone(1);
  await person.uploads([second]);
  await gate.holds(1);
  await queue.getByText("1 file uploaded before · 4.9 KiB").waitFor();
  await person.page.clock.runFor(11_500);
  await queue.getByText("Uploads have stalled").waitFor();
  await queue
    .locator(".queue-title")
    .getByText(/^The upload service has not answered for \d\d/)
    .waitFor();
  await queued(person, "second.bin", "sending")
    .getByText(/^Stalled · /)
    .waitFor();
  await gate.open();
  await person.uploadsAreDone(1);
  await queue.getByRole("button", { name: "Clear", exact: true }).click();
  await queue.getByText(/uploaded before/).waitFor({ state: "detached" });
  await person.leaves();
});

test("a service in trouble is tried again", async () => {
  const person = await worksIn("trouble");
  const gate = await Gate.before(person.page);
  await person.uploads([file("stubborn.bin")]);
  await gate.holds(1);
  await gate.refuse();
  await gate.holds(1);
  await gate.open();
  await person.sees(["stubborn.bin"]);
  await person.leaves();
});

test("all that failed is tried again at once", async () => {
  const person = await worksIn("failed");
  const { page } = person;
  const gate = await Gate.before(page);
  await person.uploads([file("a.bin"), file("b.bin"), large("c.bin")]);
  await gate.holds(2);
  await gate.refuse(507);
  await page.getByText("3 uploads failed").waitFor();
  await gate.open();
  await page.getByRole("button", { name: "Retry failed" }).click();
  await person.uploadsAreDone(3);
  await person.leaves();
});

test("what is uploaded into a folder goes along when that is renamed and moved", async () => {
  const person = await worksIn("before");
  const gate = await Gate.before(person.page);
  const names = Array.from({ length: 12 }, (_, index) => `${index + 10}.txt`);
  await person.uploads(names.map((name, index) => (index % 2 ? file(name) : large(name))));
  await gate.holds(4);
  const other = await Person.works(set.browser, set.cloud, set.token);
  await other.makesFolder("shelf");
  await other.chooses("before", "Rename");
  await other.page.getByLabel("New name of before").fill("after");
  await other.page.keyboard.press("Enter");
  await other.row("after").waitFor();
  await person.page.waitForURL(/#\/after$/);
  await person.page.locator(`.queue-row .name[title="/after/21.txt"]`).waitFor();
  await other.row("after").dragTo(other.row("shelf"));
  await person.page.waitForURL(/#\/shelf\/after$/);
  for (const name of names) await person.page.locator(`.queue-row .name[title="/shelf/after/${name}"]`).waitFor();
  await gate.open();
  await person.uploadsAreDone(names.length);
  await person.sees(names);
  assert.deepEqual(
    (await other.names()).filter((name) => name === "before" || name === "after"),
    [],
  );
  await person.leaves();
  await other.leaves();
});

test("a taken name is replaced, kept beside, or skipped", async () => {
  const person = await worksIn("conflict");
  await person.uploads([file("plan.txt", 10)]);
  await person.uploadsAreDone(1);
  const question = person.page.getByRole("dialog", { name: "Name already exists" });
  const answers = async (/** @type {RegExp} */ answer) => {
    await question.getByRole("button", { name: answer }).click();
    await question.waitFor({ state: "detached" });
  };
  await person.uploads([file("plan.txt", 1500)]);
  await answers(/^Keep both/);
  await person.sees(["plan (1).txt", "plan.txt"]);
  await person.uploads([file("plan.txt", 2500)]);
  await answers(/^Replace/);
  await person.row("plan.txt").locator(".cell-size").getByText("2.4 KiB").waitFor();
  await person.uploads([file("plan.txt", 3500)]);
  await answers(/^Skip/);
  await queued(person, "plan.txt", "skipped").waitFor();
  await person.row("plan.txt").locator(".cell-size").getByText("2.4 KiB").waitFor();
  await person.leaves();
});

test("where a folder has the name, replacing it is not offered", async () => {
  const person = await worksIn("obstacle");
  await person.makesFolder("plan.txt");
  await person.uploads([file("plan.txt")]);
  const question = person.page.getByRole("dialog", { name: "Name already exists" });
  await question.getByText("A folder named “plan.txt” already exists").waitFor();
  assert.equal(await question.getByRole("button", { name: /^Replace/ }).count(), 0);
  await question.getByRole("button", { name: /^Keep both/ }).click();
  await person.sees(["plan.txt", "plan (1).txt"]);
  await person.leaves();
});

test("a taken name is asked about before anything is sent, with what is known of both files, and can be put off", async () => {
  const person = await worksIn("asked before");
  const picture = (/** @type {number} */ width) => ({
    name: "view.png",
    mimeType: "image/png",
    buffer: png(width, 60, (x, y) => [200 * x, 90, 200 * y]),
  });
  await person.uploads([picture(40)]);
  await person.row("view.png").waitFor();
  const gate = await Gate.before(person.page);
  await person.uploads([picture(80), file("free.txt")]);
  const question = person.page.getByRole("dialog", { name: "Name already exists" });
  const versions = question.locator(".version");
  await versions.nth(0).getByText("Already here").waitFor();
  await versions
    .nth(0)
    .getByText(/^Stored /)
    .waitFor();
  await versions
    .nth(1)
    .getByText(/^Changed /)
    .waitFor();
  for (const [at, width] of [40, 80].entries()) {
    await versions.nth(at).locator("img").waitFor();
    await person.page.waitForFunction(
      ([at, width]) =>
        /** @type {HTMLImageElement} */ (document.querySelectorAll(".version img")[Number(at)]).naturalWidth === width,
      [at, width],
    );
  }
  await gate.holds(1);
  await question.getByRole("button", { name: "Decide later" }).click();
  const queue = person.page.getByRole("region", { name: "Uploads" });
  await queue.getByText("1 name already taken").waitFor();
  assert.equal(gate.held, 1);
  await gate.open();
  await queued(person, "free.txt", "done").waitFor();
  await queue.getByText("Waiting for your decision").waitFor();
  await queue.getByRole("button", { name: "Decide" }).click();
  await person.page.keyboard.press("Escape");
  await question.waitFor({ state: "detached" });
  await queue.getByRole("button", { name: "Decide" }).click();
  await question.getByRole("button", { name: /^Keep both/ }).click();
  await person.sees(["free.txt", "view (1).png", "view.png"]);
  await person.leaves();
});

test("an empty file is kept beside one that has its name", async () => {
  const person = await worksIn("empty beside");
  await person.uploads([file("plan.txt", 0)]);
  await person.row("plan.txt").waitFor();
  await person.uploads([file("plan.txt", 0)]);
  const question = person.page.getByRole("dialog", { name: "Name already exists" });
  await question.getByRole("button", { name: /^Keep both/ }).click();
  await person.sees(["plan (1).txt", "plan.txt"]);
  await person.leaves();
});

test("a name that was just deleted is free, and what takes it stays", async () => {
  const person = await worksIn("again");
  await person.uploads([file("plan.txt", 10)]);
  await person.uploadsAreDone(1);
  await person.chooses("plan.txt", "Delete");
  await person.page.getByText("This folder is empty").waitFor();
  await person.uploads([file("plan.txt", 2500)]);
  await person.row("plan.txt").locator(".cell-size").getByText("2.4 KiB").waitFor();
  await person.page.reload();
  await person.row("plan.txt").locator(".cell-size").getByText("2.4 KiB").waitFor();
  await person.leaves();
});

test("one answer holds for all conflicts", async () => {
  const person = await worksIn("conflicts");
  const files = ["a.txt", "b.txt", "c.txt", "d.txt", "e.txt", "f.txt"].map((name) => file(name));
  await person.uploads(files);
  await person.uploadsAreDone(6);
  await person.uploads(files);
  const question = person.page.getByRole("dialog", { name: "Name already exists" });
  await question.getByLabel(/Do the same for all other conflicts/).check();
  await question.getByRole("button", { name: /^Skip/ }).click();
  await person.page.locator('.queue-row[data-state="skipped"]').nth(5).waitFor();
  assert.equal(await question.count(), 0);
  await person.leaves();
});

test("leaving while something is under way asks first", async () => {
  const person = await worksIn("leaving");
  const gate = await Gate.before(person.page);
  await person.uploads([file("slow.bin")]);
  await gate.holds(1);
  const asked = person.page.waitForEvent("dialog");
  const closing = person.page.close({ runBeforeUnload: true });
  const dialog = await asked;
  assert.equal(dialog.type(), "beforeunload");
  await dialog.dismiss();
  await closing;
  await gate.open();
  await person.uploadsAreDone(1);
  await person.leaves();
});

test("after a lost connection the rest is uploaded", async () => {
  const person = await worksIn("cut");
  const gate = await Gate.before(person.page);
  await person.uploads([file("one.bin", 400), file("two.bin", 400), large("three.bin")]);
  await gate.holds(2);
  const { port } = set.cloud;
  await set.cloud.down();
  await person.page.getByText("The connection is lost.").waitFor();
  await gate.open();
  await set.cloud.up(port);
  await person.uploadsAreDone(3);
  await person.sees(["one.bin", "three.bin", "two.bin"]);
  await person.page.getByText("The connection is lost.").waitFor({ state: "detached" });
  await person.leaves();
});
