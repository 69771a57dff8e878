/** Several people: rights, shares, owners, and seeing at once what others do. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { test } from "node:test";
import { Person } from "../harness/people.js";
import { stage } from "../harness/stage.js";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
let graceToken = "";
const set = stage({
  prepare: async ({ cloud, token }) => {
    graceToken = await cloud.register("grace", token);
  },
});

/**
 * Ada and Grace, both in a new folder.
 * @param {string} folder
 */
async function bothIn(folder) {
  const ada = await Person.works(set.browser, set.cloud, set.token);
  await ada.makesFolder(folder);
  await ada.row(folder).dblclick();
  await ada.page.getByText("This folder is empty").waitFor();
  const grace = await Person.works(set.browser, set.cloud, graceToken, { at: `/#/${folder}` });
  await grace.page.getByText("This folder is empty").waitFor();
  return { ada, grace };
}

/**
 * @param {Person} person
 * @param {string} name
 */
const file = (person, name) => person.uploads([{ name, buffer: Buffer.from("hello") }]);

/**
 * @param {Person} person
 * @param {string} name
 * @param {string} access
 */
const access = (person, name, access) => person.row(name).getByRole("img", { name: access }).waitFor();

test("what others do appears without reloading", async () => {
  const { ada, grace } = await bothIn("live");
  await file(ada, "news.txt");
  await grace.sees(["news.txt"]);
  await ada.makesFolder("sub");
  await grace.sees(["sub", "news.txt"]);
  await ada.chooses("news.txt", "Rename");
  await ada.page.getByLabel("New name of news.txt").fill("old news.txt");
  await ada.page.keyboard.press("Enter");
  await grace.sees(["sub", "old news.txt"]);
  await ada.row("old news.txt").dragTo(ada.row("sub"));
  await grace.sees(["sub"]);
  await ada.leaves();
  await grace.leaves();
});

test("who stands in a folder that is renamed goes with it", async () => {
  const { ada, grace } = await bothIn("before");
  await ada.page.getByRole("link", { name: "All files" }).first().click();
  await ada.chooses("before", "Rename");
  await ada.page.getByLabel("New name of before").fill("afterwards");
  await ada.page.keyboard.press("Enter");
  await grace.page.getByRole("heading", { name: "afterwards", level: 1 }).waitFor();
  await grace.page.waitForURL(/#\/afterwards$/);
  await ada.leaves();
  await grace.leaves();
});

test("who stands deep in a folder that is moved goes with it", async () => {
  const { ada, grace } = await bothIn("moving");
  await ada.makesFolder("inner");
  await grace.row("inner").dblclick();
  await grace.page.waitForURL(/#\/moving\/inner$/);
  await grace.page.getByText("This folder is empty").waitFor();
  await ada.page.getByRole("link", { name: "All files" }).first().click();
  await ada.makesFolder("shelf");
  await ada.row("moving").dragTo(ada.row("shelf"));
  await grace.page.waitForURL(/#\/shelf\/moving\/inner$/);
  await grace.page.getByText("This folder is empty").waitFor();
  await ada.leaves();
  await grace.leaves();
});

test("a private file is seen by others and not opened, until it is shared", async () => {
  const { ada, grace } = await bothIn("rights");
  await file(ada, "diary.txt");
  await access(grace, "diary.txt", "Private to another user");
  await grace.row("diary.txt").dblclick();
  await grace.page.getByText("This file is private.").waitFor();
  await grace.page.keyboard.press("Escape");

  await ada.chooses("diary.txt", "Share");
  const dialog = ada.page.getByRole("dialog", { name: /Share/ });
  await dialog.getByLabel("Share with").fill("grac");
  const choice = dialog.getByRole("group", { name: "Access of grace" });
  await choice.getByRole("button", { name: "View" }).click();
  await access(grace, "diary.txt", "Shared with you");
  await grace.row("diary.txt").click();
  await grace.page.getByText("You can view it").waitFor();
  await choice.getByRole("button", { name: "Edit" }).click();
  await grace.page.getByText("You can view and change it").waitFor();
  await choice.getByRole("button", { name: "None" }).click();
  await access(grace, "diary.txt", "Private to another user");
  await ada.leaves();
  await grace.leaves();
});

test("who has access is listed, and changed and taken away there", async () => {
  const { ada, grace } = await bothIn("guests");
  await file(ada, "list.txt");
  await access(grace, "list.txt", "Private to another user");
  await ada.chooses("list.txt", "Share");
  const dialog = ada.page.getByRole("dialog", { name: /Share/ });
  const people = dialog.getByRole("list", { name: "People with access" });
  await people.getByText("No one yet").waitFor();
  await dialog.getByLabel("Share with").fill("grac");
  await dialog.getByRole("button", { name: "Edit" }).click();
  await people.getByRole("button", { name: "Edit", pressed: true }).waitFor();
  await dialog.getByText("Listed above").waitFor();
  await people.locator("button:focus").waitFor();
  await dialog.getByRole("button", { name: "Done" }).click();
  await access(grace, "list.txt", "Shared with you");

  await ada.chooses("list.txt", "Share");
  const choice = people.getByRole("group", { name: "Access of grace" });
  await choice.getByRole("button", { name: "Edit", pressed: true }).waitFor();
  await grace.row("list.txt").click();
  await choice.getByRole("button", { name: "View" }).click();
  await grace.page.getByText("You can view it").waitFor();
  await choice.getByRole("button", { name: "None" }).click();
  await access(grace, "list.txt", "Private to another user");
  await choice.getByRole("button", { name: "None", pressed: true }).waitFor();
  await dialog.getByRole("button", { name: "Done" }).click();
  await ada.chooses("list.txt", "Share");
  await people.getByText("No one yet").waitFor();
  await ada.leaves();
  await grace.leaves();
});

test("a stored file becomes public, and private again", async () => {
  const { ada, grace } = await bothIn("open");
  await file(ada, "plan.txt");
  await access(grace, "plan.txt", "Private to another user");
  await ada.row("plan.txt").click();
  await ada.page.getByText("No one else can open it").waitFor();
  await ada.chooses("plan.txt", "Share");
  const choice = ada.page.getByRole("dialog", { name: /Share/ }).getByRole("group", { name: "General access" });
  await choice.getByRole("button", { name: "Private", pressed: true }).waitFor();
  await choice.getByRole("button", { name: "Public" }).click();
  await access(grace, "plan.txt", "Public");
  await ada.page.getByText("Public: everyone here can view and change it").waitFor();
  await ada.page.getByRole("button", { name: "Done" }).click();
  await ada.chooses("plan.txt", "Share");
  await choice.getByRole("button", { name: "Public", pressed: true }).waitFor();
  await choice.getByRole("button", { name: "Private" }).click();
  await access(grace, "plan.txt", "Private to another user");
  await ada.leaves();
  await grace.leaves();
});

test("a file that belongs to nobody is told to be nobody's, and not one's own", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token);
  await person.uploads([{ name: "found.txt", buffer: Buffer.from("1") }]);
  await person.row("found.txt").waitFor();
  await set.cloud.python("disown.py", "found.txt");
  await person.page.reload();
  await person.ready();
  await person.row("found.txt").click();
  const details = person.page.getByRole("complementary", { name: "Details" });
  await details.getByText("Everyone here can view, change and delete it").waitFor();
  await details.getByText("No owner", { exact: true }).waitFor();
  await details.getByRole("button", { name: "Share" }).click();
  await person.page.getByRole("dialog").getByText("It has no owner").waitFor();
  await person.leaves();
});

test("a file changes its owner, who may leave access to the giver", async () => {
  const { ada, grace } = await bothIn("gift");
  await file(ada, "present.txt");
  await access(grace, "present.txt", "Private to another user");
  await ada.chooses("present.txt", "Transfer ownership");
  const dialog = ada.page.getByRole("dialog", { name: /Transfer/ });
  await dialog.getByLabel("New owner").fill("grace");
  await dialog.getByRole("button", { name: "Choose" }).click();
  await dialog.getByRole("button", { name: "Transfer to grace" }).click();
  await ada.page.getByText("present.txt belongs to grace now.").waitFor();
  await access(ada, "present.txt", "Shared with you");
  await grace.row("present.txt").click();
  await grace.page.getByRole("definition").getByText("You", { exact: true }).waitFor();
  await ada.leaves();
  await grace.leaves();
});

test("what cannot be done with a file is not offered, and why is told", async () => {
  const { ada, grace } = await bothIn("limits");
  await file(ada, "secret.txt");
  await access(grace, "secret.txt", "Private to another user");
  const menu = grace.page.getByRole("menu");
  const offered = async () => {
    await grace.row("secret.txt").click({ button: "right" });
    const labels = await menu.getByRole("menuitem").locator("span").allTextContents();
    const why = await menu.locator(".menu-note").textContent();
    await grace.page.keyboard.press("Escape");
    return [labels, why];
  };
  assert.deepEqual(await offered(), [["Add star", "Details"], "Private to another user. Only its owner can share it with you."]);
  for (const name of ["Download", "Move", "Delete"])
    assert.ok(await grace.page.getByRole("toolbar").getByRole("button", { name }).isDisabled(), name);
  const details = grace.page.getByRole("complementary", { name: "Details" });
  await details.getByText("Another user", { exact: true }).waitFor();
  await ada.chooses("secret.txt", "Share");
  const dialog = ada.page.getByRole("dialog", { name: /Share/ });
  await dialog.getByLabel("Share with").fill("grac");
  await dialog.getByRole("button", { name: "View" }).click();
  await access(grace, "secret.txt", "Shared with you");
  await details.getByText(/^Shared with you on /).waitFor();
  assert.deepEqual(await offered(), [
    ["Preview", "Download", "Add star", "Copy", "Details"],
    "It belongs to another user, who shared it with you.",
  ]);
  await dialog.getByRole("button", { name: "Done" }).click();
  await ada.row("secret.txt").click();
  await ada.page.getByText("grace (can view it)").waitFor();
  await ada.leaves();
  await grace.leaves();
});

test("public files are everybody's, and the next ones are not public again", async () => {
  const { ada, grace } = await bothIn("public");
  await ada.uploadsPublicly([{ name: "notice.txt", mimeType: "text/plain", buffer: Buffer.from("hello") }]);
  await access(grace, "notice.txt", "Public");
  await ada.uploads([{ name: "own.txt", buffer: Buffer.from("hello") }]);
  await access(grace, "own.txt", "Private to another user");
  await grace.row("notice.txt").dblclick();
  await grace.page.getByRole("dialog", { name: "notice.txt" }).getByText("hello").waitFor();
  await ada.leaves();
  await grace.leaves();
});

test("a link has a password and a number of downloads, is changed, and revoked", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token);
  await person.makesFolder("linked");
  await person.row("linked").dblclick();
  await person.page.getByText("This folder is empty").waitFor();
  await file(person, "report.txt");
  await person.chooses("report.txt", "Copy a link");
  const dialog = person.page.getByRole("dialog", { name: "Link" });
  await dialog.getByLabel("Note").fill("for Grace");
  await dialog.getByLabel("Password").fill("open sesame");
  await dialog.getByLabel("Downloads").fill("2");
  await dialog.getByRole("button", { name: "In 7 days" }).click();
  await dialog.getByRole("button", { name: "Create link" }).click();
  const address = await dialog.getByRole("textbox", { name: "Link" }).inputValue();
  await dialog.getByRole("button", { name: "Done" }).click();

  const guest = await set.browser.newPage();
  await guest.goto(address);
  assert.equal(await guest.getByText("report.txt").count(), 0);
  await guest.getByLabel("Password").fill("wrong one");
  await guest.getByRole("button", { name: "Open" }).click();
  await guest.getByText("Wrong password for this link.").waitFor();
  await guest.getByLabel("Password").fill("open sesame");
  const [download] = await Promise.all([guest.waitForEvent("download"), guest.getByRole("button", { name: "Open" }).click()]);
  assert.equal(download.suggestedFilename(), "report.txt");
  assert.equal(await readFile(await download.path(), "utf8"), "hello");

  await person.page.getByRole("link", { name: "My links" }).click();
  const mine = person.page.locator(".my-links");
  const links = mine.getByRole("list");
  await links.getByText("report.txt · for Grace").first().waitFor();
  await links.getByText(/1 of 2 downloads · With a password/).waitFor();
  await links.getByRole("button", { name: "Open" }).click();
  assert.equal(await mine.getByRole("textbox", { name: "Link" }).inputValue(), address);
  await mine.getByLabel("Without a password").check();
  await mine.getByLabel("Downloads").fill("");
  await mine.getByRole("button", { name: "Change", exact: true }).click();
  await links.getByText(/1 download/).waitFor();
  assert.equal(await links.getByText("With a password").count(), 0);
  assert.equal(await (await fetch(address)).text(), "hello");

  await links.getByRole("button", { name: "Revoke" }).click();
  await links.getByText("Revoked").waitFor();
  await guest.goto(address);
  await guest.getByText("This link was revoked").waitFor();
  await guest.close();
  await person.leaves();
});

test("addresses of content on the page hold no secret, and open nothing elsewhere", async () => {
  const { ada, grace } = await bothIn("pictures");
  const pixel = Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "base64",
  );
  await ada.uploadsPublicly([{ name: "dot.png", mimeType: "image/png", buffer: pixel }]);
  for (const person of [ada, grace]) {
    await person.row("dot.png").dblclick();
    const picture = person.page.getByRole("dialog", { name: "dot.png" }).getByRole("img", { name: "dot.png" });
    await person.page.waitForFunction(() =>
      [...document.images].some((each) => each.alt === "dot.png" && each.naturalWidth === 1),
    );
    const address = new URL((await picture.getAttribute("src")) ?? "", set.cloud.url);
    assert.match(address.pathname, /^\/content\/\d+\/\d+$/);
    assert.deepEqual([...address.searchParams.keys()], ["v"]);
    assert.equal((await fetch(address)).status, 401);
    const cookies = await person.context.cookies(address.href);
    assert.deepEqual(
      cookies.map(({ name, httpOnly, sameSite }) => [name, httpOnly, sameSite]),
      [["content-access", true, "Strict"]],
    );
    // The page gets another cookie in time, so that what is open goes on.
    const renewed = person.page.waitForResponse((response) => response.url().endsWith("/page/content-access") && response.ok());
    await person.page.clock.fastForward(400_000);
    await renewed;
    await person.page.keyboard.press("Escape");
  }
  await ada.leaves();
  await grace.leaves();
});

/**
 * Makes a link to a folder.
 * @param {Person} person
 * @param {string} folder
 * @param {(dialog: import("playwright-core").Locator) => Promise<void>} fill
 */
async function linkTo(person, folder, fill = async () => {}) {
  await person.chooses(folder, "Copy a link");
  const dialog = person.page.getByRole("dialog", { name: `Link to “${folder}”` });
  await fill(dialog);
  await dialog.getByRole("button", { name: "Create link" }).click();
  const address = await dialog.getByRole("textbox", { name: "Link" }).inputValue();
  await dialog.getByRole("button", { name: "Done" }).click();
  return address;
}

/** @param {import("playwright-core").Page} page */
async function isAccessible(page) {
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    await page.emulateMedia({ colorScheme });
    for (const width of [360, 1920]) {
      await page.setViewportSize({ width, height: 800 });
      await page.evaluate(`${AXE};0`);
      const found = await page.evaluate(async () => {
        const { violations } = await /** @type {any} */ (window).axe.run(document);
        return violations.map((/** @type {any} */ each) => [each.id, each.nodes.map((/** @type {any} */ node) => node.html)]);
      });
      assert.deepEqual(found, []);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
    }
  }
}

test("a link to a folder shows it to whoever has it, and one for uploads takes files", async () => {
  const { ada, grace } = await bothIn("for all");
  await file(ada, "a.txt");
  await ada.makesFolder("sub");
  await ada.page.getByRole("link", { name: "All files" }).first().click();
  const shown = await linkTo(ada, "for all");
  // A page of a browser that has no script, no session, and speaks German.
  const guest = await set.browser.newContext({ locale: "de-DE", bypassCSP: true, acceptDownloads: true });
  const page = await guest.newPage();
  await page.goto(shown);
  await page.getByRole("heading", { name: "for all", level: 1 }).waitFor();
  await page.getByRole("list", { name: "Dateien und Ordner" }).getByRole("link", { name: "sub" }).waitFor();
  await isAccessible(page);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Herunterladen: a.txt" }).click(),
  ]);
  assert.equal(await readFile(await download.path(), "utf8"), "hello");
  const [archive] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Alles herunterladen" }).click(),
  ]);
  assert.equal(archive.suggestedFilename(), "for all.zip");
  await page.getByRole("link", { name: "sub" }).click();
  await page.getByText("Dieser Ordner ist leer.").waitFor();

  const taking = await linkTo(ada, "for all", async (dialog) => {
    await dialog.getByText("Receive files").click();
    await dialog.getByLabel("Files at most").fill("2");
  });
  await page.goto(taking);
  await page.getByText("Sie können noch 2 Dateien senden.").waitFor();
  assert.equal(await page.getByText("a.txt").count(), 0);
  await page.getByLabel("Dateien auswählen").setInputFiles([
    { name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("from outside") },
    { name: "b.txt", mimeType: "text/plain", buffer: Buffer.from("") },
    { name: "c.txt", mimeType: "text/plain", buffer: Buffer.from("one too many") },
  ]);
  const sent = page.getByRole("list", { name: "Dateien senden" }).getByRole("listitem");
  await sent.filter({ hasText: "a.txt" }).getByText("Gesendet", { exact: true }).waitFor();
  await sent.filter({ hasText: "b.txt" }).getByText("Gesendet", { exact: true }).waitFor();
  await sent.filter({ hasText: "c.txt" }).getByRole("button").waitFor();
  await isAccessible(page);
  await grace.sees(["sub", "a (1).txt", "a.txt", "b.txt"]);

  await ada.page.getByRole("link", { name: "My links" }).click();
  const links = ada.page.getByRole("region", { name: "Links to folders" });
  await links.getByText("2 files received").waitFor();
  await links.getByRole("button", { name: "Open" }).first().click();
  assert.equal(await links.getByRole("textbox", { name: "Link" }).inputValue(), taking);
  assert.equal(await links.getByLabel("Files at most").inputValue(), "2");
  await links.getByLabel("Files at most").fill("5");
  await links.getByLabel("Note").fill("from Bob");
  await links.getByRole("button", { name: "Change", exact: true }).click();
  await links.locator("strong").getByText("for all · from Bob").waitFor();
  await page.goto(taking);
  await page.getByText("Sie können noch 3 Dateien senden.").waitFor();
  await links.getByRole("button", { name: "Revoke" }).last().click();
  await links.getByText("Revoked").waitFor();
  await page.goto(shown);
  await page.getByText("Dieser Link wurde widerrufen.").waitFor();
  await guest.close();
  await ada.leaves();
  await grace.leaves();
});
