/** Putting things in order: folders, names, places, deleting, downloads, links. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { Person } from "../harness/people.js";
import { stage } from "../harness/stage.js";

const set = stage();

/**
 * A folder of its own for a test, with files.
 * @param {string} folder
 * @param {string[]} names
 */
async function worksIn(folder, names) {
  const person = await Person.works(set.browser, set.cloud, set.token);
  await person.makesFolder(folder);
  await person.row(folder).dblclick();
  await person.page.getByText("This folder is empty").waitFor();
  if (names.length > 0) {
    await person.uploads(names.map((name) => ({ name, buffer: Buffer.from(`content of ${name}`) })));
    await person.uploadsAreDone(names.length);
    await person.sees(names);
    await person.page.getByRole("button", { name: "Clear list" }).click();
  }
  return person;
}

/**
 * @param {Person} person
 * @param {() => Promise<void>} act
 */
async function downloads(person, act) {
  const [download] = await Promise.all([person.page.waitForEvent("download"), act()]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

test("a name is changed in its place, without its extension being selected", async () => {
  const person = await worksIn("names", ["draft.txt"]);
  await person.row("draft.txt").click();
  await person.page.keyboard.press("F2");
  const input = person.page.getByLabel("New name of draft.txt");
  await input.waitFor();
  await person.page.keyboard.type("final");
  assert.equal(await input.inputValue(), "final.txt");
  await input.fill("a/b");
  await person.page.getByText("A name cannot contain slashes").waitFor();
  await input.fill("final.txt");
  await person.page.keyboard.press("Enter");
  await person.sees(["final.txt"]);
  await person.makesFolder("old");
  await person.chooses("old", "Rename");
  await person.page.getByLabel("New name of old").fill("new");
  await person.page.keyboard.press("Enter");
  await person.sees(["new", "final.txt"]);
  await person.leaves();
});

test("a taken name is numbered, and that is told", async () => {
  const person = await worksIn("taken", ["a.txt", "b.txt"]);
  await person.row("b.txt").click();
  await person.page.keyboard.press("F2");
  await person.page.getByLabel("New name of b.txt").fill("a.txt");
  await person.page.keyboard.press("Enter");
  await person.sees(["a (1).txt", "a.txt"]);
  await person.page.getByText(/it is called a \(1\)\.txt/).waitFor();
  await person.leaves();
});

test("a folder that exists already is refused, with the reason", async () => {
  const person = await worksIn("twice", []);
  await person.makesFolder("same");
  // The new folder is selected, and its tools take the place of the button.
  await person.page.getByRole("button", { name: "Upload", exact: true }).click();
  await person.page.getByRole("menuitem", { name: "New folder" }).click();
  await person.page.getByRole("textbox", { name: "Name" }).fill("same");
  await person.page.getByRole("button", { name: "Create" }).click();
  await person.page
    .getByRole("alert")
    .getByText(/exists already/)
    .waitFor();
  await person.leaves();
});

test("files are dragged into folders and onto the path", async () => {
  const person = await worksIn("drag", ["one.txt", "two.txt", "three.txt"].toSorted());
  await person.makesFolder("inbox");
  await person.row("one.txt").click();
  await person.row("three.txt").click({ modifiers: ["Control"] });
  await person.row("one.txt").dragTo(person.row("inbox"));
  await person.page.getByText("2 files moved to inbox.").waitFor();
  await person.sees(["inbox", "two.txt"]);
  await person.row("inbox").dblclick();
  await person.sees(["one.txt", "three.txt"]);
  await person.row("one.txt").dragTo(person.page.getByRole("link", { name: "drag" }));
  await person.sees(["three.txt"]);
  await person
    .row("three.txt")
    .dragTo(person.page.getByRole("navigation", { name: "Places" }).getByRole("link", { name: "All files" }));
  await person.page.getByText("1 file moved to All files.").waitFor();
  await person.page.goto(`${set.cloud.url}/#/`);
  await person.row("three.txt").waitFor();
  await person.leaves();
});

test("files are moved by a dialog as well", async () => {
  const person = await worksIn("shelf", ["book.txt"]);
  await person.makesFolder("upper");
  await person.chooses("book.txt", "Move");
  const dialog = person.page.getByRole("dialog", { name: "Move 1 file" });
  await dialog.getByRole("button", { name: "upper" }).click();
  await dialog.getByText("No folders in here.").waitFor();
  await dialog.getByRole("button", { name: "Move here" }).click();
  await person.sees(["upper"]);
  await person.row("upper").dblclick();
  await person.sees(["book.txt"]);
  await person.leaves();
});

test("a folder is made while moving", async () => {
  const person = await worksIn("desk", ["letter.txt"]);
  await person.chooses("letter.txt", "Move");
  const dialog = person.page.getByRole("dialog", { name: "Move 1 file" });
  await dialog.getByRole("button", { name: "New folder" }).click();
  const name = dialog.getByLabel("Name of the new folder");
  await person.page.keyboard.type("a/b");
  await dialog.getByText("A name cannot contain slashes").waitFor();
  await person.page.keyboard.press("Escape");
  await name.waitFor({ state: "detached" });
  await dialog.getByRole("button", { name: "New folder" }).click();
  await person.page.keyboard.type("answered");
  await person.page.keyboard.press("Enter");
  // The folder that the dialog begins with has none either, and shows that until the new one is made.
  await dialog.locator(".folder-picker-head").getByText("answered").waitFor();
  await dialog.getByText("No folders in here.").waitFor();
  await dialog.getByRole("button", { name: "New folder" }).click();
  await person.page.keyboard.type("2026");
  await dialog.getByRole("button", { name: "Create" }).click();
  await dialog.locator(".folder-picker-head").getByText("2026").waitFor();
  await dialog.getByRole("button", { name: "Move here" }).click();
  await person.sees(["answered"]);
  await person.page.goto(`${set.cloud.url}/#/desk/answered/2026`);
  await person.sees(["letter.txt"]);
  await person.leaves();
});

test("a folder is dragged into another one, together with files, and whoever is in it goes along", async () => {
  const person = await worksIn("attic", ["lamp.txt"]);
  await person.makesFolder("box");
  await person.makesFolder("trunk");
  const other = await Person.works(set.browser, set.cloud, set.token, { at: "/#/attic/box" });
  await other.page.getByText("This folder is empty").waitFor();
  await person.row("box").click();
  await person.row("lamp.txt").click({ modifiers: ["Control"] });
  await person.row("box").dragTo(person.row("trunk"));
  await person.page.getByText("2 items moved to trunk.").waitFor();
  await person.sees(["trunk"]);
  await other.page.waitForURL(/#\/attic\/trunk\/box$/);
  await person.row("trunk").dblclick();
  await person.sees(["box", "lamp.txt"]);
  await person.row("box").dragTo(person.page.getByRole("link", { name: "attic" }));
  await person.page.getByText("1 folder moved to attic.").waitFor();
  await person.sees(["lamp.txt"]);
  await person.leaves();
  await other.leaves();
});

test("a folder is moved by the dialog, not into itself, and is told its new name", async () => {
  const person = await worksIn("cellar", []);
  await person.makesFolder("rack");
  await person.makesFolder("wine");
  await person.row("rack").dblclick();
  await person.page.getByText("This folder is empty").waitFor();
  await person.makesFolder("wine");
  await person.page.goBack();
  await person.chooses("wine", "Move");
  const dialog = person.page.getByRole("dialog", { name: "Move 1 folder" });
  await dialog.getByRole("button", { name: "rack" }).waitFor();
  assert.ok(await dialog.getByRole("button", { name: "wine" }).isDisabled());
  await dialog.getByRole("button", { name: "rack" }).click();
  await dialog.getByRole("button", { name: "wine" }).waitFor();
  await dialog.getByRole("button", { name: "Move here" }).click();
  await person.page
    .getByText(/wine \(1\)/)
    .first()
    .waitFor();
  await person.sees(["rack"]);
  await person.row("rack").dblclick();
  await person.sees(["wine", "wine (1)"]);
  await person.leaves();
});

test("where the manager does not grant it, folders stay where they are", async () => {
  const person = await worksIn("fixed", []);
  await person.makesFolder("here");
  await person.makesFolder("there");
  await person.hasNoExtensions();
  await person.page.reload();
  await person.sees(["here", "there"]);
  await person.row("here").dragTo(person.row("there"));
  await person.page.getByText("Folders stay where they are; only files can be moved.").waitFor();
  await person.row("here").click({ button: "right" });
  await person.page.getByRole("menuitem", { name: "Rename" }).waitFor();
  assert.equal(await person.page.getByRole("menuitem", { name: "Move" }).count(), 0);
  await person.sees(["here", "there"]);
  await person.leaves();
});

test("files and folders are copied and moved by keyboard and menu, and that is undone", async () => {
  const person = await worksIn("workshop", ["one.txt", "two.txt"]);
  const { page } = person;
  const { keyboard } = page;
  await person.makesFolder("box");
  await person.row("one.txt").click();
  await keyboard.press("Control+a");
  await keyboard.press("Control+c");
  await page.getByRole("region", { name: "Messages" }).getByText("3 items copied.").waitFor();
  await keyboard.press("Control+v");
  await person.sees(["box", "box (1)", "one (1).txt", "one.txt", "two (1).txt", "two.txt"]);
  await page.getByText("3 items copied to workshop.").waitFor();
  await keyboard.press("Control+z");
  await person.sees(["box", "one.txt", "two.txt"]);

  await person.row("one.txt").click();
  await keyboard.press("Control+x");
  await page.locator(".row.cut").getByText("one.txt").waitFor();
  await person.row("box").dblclick();
  await page.getByText("This folder is empty").waitFor();
  await page.locator("#content").click({ button: "right", position: { x: 5, y: 5 } });
  await page.getByRole("menuitem", { name: "Paste 1 item" }).click();
  await person.sees(["one.txt"]);
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("This folder is empty").waitFor();
  await keyboard.press("Backspace");
  await person.sees(["box", "one.txt", "two.txt"]);
  await person.leaves();
});

test("the keyboard alone uploads, renames, moves, shares, shows, deletes, undoes and sets", async () => {
  const person = await worksIn("keys", []);
  const { page } = person;
  const { keyboard } = page;
  /** @param {import("playwright-core").Locator} target */
  const tabsTo = async (target) => {
    for (let step = 0; step < 60 && !(await target.evaluate((element) => element === document.activeElement)); step += 1)
      await keyboard.press("Tab");
    await target.and(page.locator(":focus")).waitFor();
  };
  /** @param {string} choice in a menu that is open */
  const picks = async (choice) => {
    const item = page.getByRole("menuitem", { name: choice, exact: true });
    await item.waitFor();
    for (let step = 0; step < 20 && !(await item.and(page.locator(":focus")).count()); step += 1)
      await keyboard.press("ArrowDown");
    await keyboard.press("Enter");
  };
  const list = page.locator("#content");
  const add = page.getByRole("button", { name: "Upload", exact: true });
  await tabsTo(add);
  await keyboard.press("Enter");
  await picks("New folder");
  await keyboard.type("inbox");
  await keyboard.press("Enter");
  await person.row("inbox").waitFor();
  await tabsTo(add);
  await keyboard.press("Enter");
  const chooser = page.waitForEvent("filechooser");
  await picks("Upload files");
  await (
    await chooser
  ).setFiles(["one.txt", "two.txt"].map((name) => ({ name, mimeType: "text/plain", buffer: Buffer.from(name) })));
  await person.uploadsAreDone(2);
  await person.sees(["inbox", "one.txt", "two.txt"]);

  await tabsTo(list);
  await keyboard.press("End");
  await keyboard.press("F2");
  await page.getByLabel("New name of two.txt").waitFor();
  await keyboard.type("three");
  await keyboard.press("Enter");
  await person.sees(["inbox", "one.txt", "three.txt"]);

  await list.and(page.locator(":focus")).waitFor();
  await keyboard.press("Shift+F10");
  await picks("Move");
  const dialog = page.getByRole("dialog");
  await tabsTo(dialog.getByRole("button", { name: "inbox" }));
  await keyboard.press("Enter");
  await dialog.getByText("No folders in here.").waitFor();
  await tabsTo(dialog.getByRole("button", { name: "Move here" }));
  await keyboard.press("Enter");
  await person.sees(["inbox", "one.txt"]);
  await dialog.waitFor({ state: "detached" });

  await keyboard.press("End");
  await keyboard.press("Shift+F10");
  await picks("Share");
  await tabsTo(dialog.getByRole("button", { name: "Public" }));
  await keyboard.press("Enter");
  await dialog.getByRole("button", { name: "Public", pressed: true }).waitFor();
  await keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });

  await keyboard.press("Enter");
  await page.getByRole("dialog", { name: "one.txt" }).locator("pre").waitFor();
  await keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await list.and(page.locator(":focus")).waitFor();
  await keyboard.press("Delete");
  await person.sees(["inbox"]);
  await keyboard.press("Control+z");
  await person.sees(["inbox", "one.txt"]);

  await tabsTo(page.getByRole("button", { name: /^Account of/ }));
  await keyboard.press("Enter");
  await picks("Account");
  await tabsTo(dialog.getByRole("button", { name: "App passwords" }));
  await keyboard.press("Enter");
  await dialog.getByText("No app passwords yet").waitFor();
  await keyboard.press("Escape");
  await page
    .getByRole("button", { name: /^Account of/ })
    .and(page.locator(":focus"))
    .waitFor();
  await person.leaves();
});

test("a folder that is deleted under somebody's feet says so", async () => {
  const person = await worksIn("sinking", []);
  await person.makesFolder("ship");
  const sailor = await Person.works(set.browser, set.cloud, set.token, { at: "/#/sinking/ship" });
  await sailor.page.getByText("This folder is empty").waitFor();
  await person.row("ship").click();
  await person.page.keyboard.press("Delete");
  await person.page.getByText("This folder is empty").waitFor();
  await person.page.clock.fastForward(8_000);
  await sailor.page.getByText("Folder not found").waitFor();
  await person.leaves();
  await sailor.leaves();
});

test("one file, many files and a folder are downloaded", async () => {
  const person = await worksIn("out", ["a.txt", "b.txt"]);
  const one = await downloads(person, () => person.chooses("a.txt", "Download"));
  assert.deepEqual([one.name, one.bytes.toString()], ["a.txt", "content of a.txt"]);
  await person.row("a.txt").click();
  await person.page.keyboard.press("Control+a");
  const both = await downloads(person, () => person.page.getByRole("button", { name: "Download", exact: true }).first().click());
  assert.equal(both.name, "out.zip");
  for (const name of ["a.txt", "b.txt"]) assert.ok(both.bytes.includes(`content of ${name}`));
  await person.page.goBack();
  const zip = await downloads(person, () => person.chooses("out", "Download as zip"));
  assert.equal(zip.name, "out.zip");
  assert.equal(zip.bytes.subarray(0, 2).toString(), "PK");
  assert.ok(zip.bytes.includes("content of b.txt"));
  await person.leaves();
});

test("a selection is downloaded as one zip, with just what was selected", async () => {
  const person = await worksIn("parcel", ["first & last.txt", "left.txt"]);
  await person.makesFolder("inner");
  await person.row("inner").click();
  await person.row("first & last.txt").click({ modifiers: ["Control"] });
  const zip = await downloads(person, () => person.page.getByRole("button", { name: "Download", exact: true }).first().click());
  assert.equal(zip.name, "parcel.zip");
  assert.ok(zip.bytes.includes("content of first & last.txt"));
  assert.ok(zip.bytes.includes("inner/"));
  assert.ok(!zip.bytes.includes("left.txt"));
  await person.leaves();
});

test("thousands of files come as one zip, and no address holds the token", async () => {
  const names = Array.from({ length: 3_000 }, (_, index) => `file ${String(index).padStart(6, "0")}.txt`);
  await set.cloud.python("crowd.py", String(names.length), "crowded");
  const person = await Person.works(set.browser, set.cloud, set.token, { at: "/#/crowded" });
  /** @type {string[]} */
  const addresses = [];
  person.page.on("request", (request) => addresses.push(request.url()));
  await person.row(names[0] ?? "").click();
  await person.page.keyboard.press("Control+a");
  await person.page.getByText("3,000 selected").first().waitFor();
  const zip = await downloads(person, () => person.page.getByRole("button", { name: "Download", exact: true }).first().click());
  assert.equal(zip.name, "crowded.zip");
  const inside = new Set(zip.bytes.toString("latin1").match(/file \d{6}\.txt/g));
  assert.deepEqual([...inside].sort(), names);
  assert.ok(addresses.some((address) => address.endsWith("/bulk-download")));
  assert.ok(!addresses.some((address) => address.includes(set.token)));
  await person.leaves();
});

test("why an archive is refused is told, and the page stays", async () => {
  const person = await worksIn("refused", ["a.txt", "b.txt"]);
  await person.page.route("**/bulk-download", (route) =>
    route.continue({ postData: (route.request().postData() ?? "").replace("a.txt", "gone.txt") }),
  );
  await person.row("a.txt").click();
  await person.page.keyboard.press("Control+a");
  await person.page.getByRole("button", { name: "Download", exact: true }).first().click();
  await person.page.getByText("there is no file or folder gone.txt").waitFor();
  await person.sees(["a.txt", "b.txt"]);
  await person.leaves();
});

test("a link is copied, and opens the file for somebody without an account", async () => {
  const person = await worksIn("links", ["open.txt"]);
  await person.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await person.chooses("open.txt", "Copy a link");
  const dialog = person.page.getByRole("dialog", { name: "Link" });
  await dialog.getByRole("button", { name: "Create link" }).click();
  await dialog.getByRole("button", { name: "Copy", exact: true }).click();
  await dialog.getByText("Copied").waitFor();
  const link = await person.page.evaluate(() => navigator.clipboard.readText());
  assert.equal(await (await fetch(link)).text(), "content of open.txt");
  await person.leaves();
});

test("a link is copied also where the browser refuses the page its clipboard", async () => {
  const person = await worksIn("unclipped", ["open.txt"]);
  await person.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await person.page.evaluate(() => {
    navigator.clipboard.writeText = () => Promise.reject(new DOMException("refused", "NotAllowedError"));
  });
  await person.chooses("open.txt", "Copy a link");
  const dialog = person.page.getByRole("dialog", { name: "Link" });
  await dialog.getByRole("button", { name: "Create link" }).click();
  await dialog.getByRole("button", { name: "Copy", exact: true }).click();
  await dialog.getByText("Copied").waitFor();
  assert.equal(await person.page.evaluate(() => navigator.clipboard.readText()), await dialog.getByRole("textbox").inputValue());
  await person.leaves();
});

test("details tell what is known of a file, a folder and a selection", async () => {
  const person = await worksIn("facts", ["note.txt"]);
  const details = person.page.getByRole("complementary", { name: "Details" });
  await details.getByText("Select a file or folder").waitFor();
  await person.row("note.txt").click();
  for (const fact of ["Document", "text/plain", "19 B", "All files / facts", "You"])
    await details.getByText(fact, { exact: true }).waitFor();
  await person.makesFolder("inner");
  await person.row("inner").click();
  await details.getByText("0 B").waitFor();
  await person.page.keyboard.press("Control+a");
  await details.getByText("1 folder, 1 file").waitFor();
  await person.leaves();
});
