/**
 * How it looks and reads: accessible in light and dark, whole from 360 pixels on, steady while it loads.
 */

import assert from "node:assert/strict";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { pdf, png, wav, zip } from "../harness/contents.js";
import { Gate } from "../harness/gate.js";
import { Person, settles } from "../harness/people.js";
import { stage } from "../harness/stage.js";

/** @import { Page } from "playwright-core" */

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** Nothing else depends on the colours. */
const CONTRAST = ["color-contrast"];
const SCHEMES = /** @type {const} */ (["dark", "light"]);
const LARGEST = 250_000;
const set = stage({ prepare: furnish });

/** @param {import("../harness/stage.js").Stage} set */
async function furnish({ browser, cloud, token }) {
  const grace = await cloud.register("grace", token);
  const guest = await Person.works(browser, cloud, grace);
  await guest.uploads([{ name: "Payroll.csv", mimeType: "text/csv", buffer: Buffer.from("name,amount\n".repeat(900)) }]);
  await guest.uploadsAreDone(1);
  await guest.leaves();
  const person = await Person.works(browser, cloud, token);
  for (const name of ["Archive", "Photos 2026", "Projects", "Tax returns"]) await person.makesFolder(name);
  await person.uploadsPublicly([{ name: "House rules.pdf", mimeType: "application/pdf", buffer: pdf("House rules") }]);
  await person.uploadsAreDone(1);
  await person.uploads(BELONGINGS);
  await person.uploadsAreDone(BELONGINGS.length);
  await person.leaves();
}

const wave = (/** @type {number} */ value) => 0.5 + 0.5 * Math.sin(value);
const BELONGINGS = [
  {
    name: "Bay at dusk.png",
    mimeType: "image/png",
    buffer: png(420, 300, (x, y) => [250 - 90 * y, 150 - 90 * y + 25 * wave(7 * x), 110 + 100 * y]),
  },
  {
    name: "Harbour.png",
    mimeType: "image/png",
    buffer: png(420, 300, (x, y) => [20 + 60 * wave(16 * y + 4 * x), 110 + 90 * (1 - y), 170 + 60 * (1 - y)]),
  },
  {
    name: "Pine forest.png",
    mimeType: "image/png",
    buffer: png(420, 300, (x, y) => [30 + 30 * wave(28 * x), 70 + 100 * (1 - y) * wave(26 * x + 3 * y), 60 + 25 * x]),
  },
  { name: "Interview.wav", mimeType: "audio/wav", buffer: wav(30) },
  {
    name: "Backup of the laptop.zip",
    mimeType: "application/zip",
    buffer: zip({ "docs/letter.txt": Buffer.alloc(740_000, "z") }),
  },
  { name: "Contract.pdf", mimeType: "application/pdf", buffer: pdf("Contract") },
  {
    name: "Notes from the trip.md",
    mimeType: "text/markdown",
    buffer: Buffer.from("# Notes\n\nThe ferry leaves at seven.\n".repeat(120)),
  },
  { name: "Expenses.csv", mimeType: "text/csv", buffer: Buffer.from("day,amount\n1,20\n".repeat(60)) },
  { name: "settings.json", mimeType: "application/json", buffer: Buffer.from('{"quiet": true}') },
];

/**
 * Fails when axe finds something, in light or dark.
 * @param {Page} page
 * @param {string} where
 */
async function reads(page, where) {
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme });
    await settles(page);
    // The page's policy forbids scripts of others, so this one comes in by the debugger.
    if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(`${AXE};0`);
    const violations = await page.evaluate(
      async (rules) => {
        // What is behind a dialog cannot be reached, and was looked at before.
        const shown = [...document.querySelectorAll("dialog:modal")].at(-1) ?? document;
        const { violations } = await /** @type {any} */ (window).axe.run(shown, {
          runOnly: rules,
          resultTypes: ["violations"],
        });
        return violations.map((/** @type {any} */ violation) => ({
          id: violation.id,
          impact: violation.impact,
          nodes: violation.nodes
            .slice(0, 3)
            .map((/** @type {any} */ node) => `${node.html.slice(0, 160)} ${node.failureSummary}`),
        }));
      },
      colorScheme === "dark" ? CONTRAST : RULES,
    );
    assert.deepEqual(violations, [], `${where}, ${colorScheme}`);
  }
}

/**
 * A file of that size, which takes no room.
 * @param {string} name
 * @param {number} size
 */
async function truncated(name, size) {
  const file = await open(name, "w");
  await file.truncate(size);
  await file.close();
}

test("everything can be read and reached", async () => {
  const stranger = await Person.visits(set.browser, set.cloud);
  await stranger.page.getByRole("heading", { name: "Welcome back" }).waitFor();
  await reads(stranger.page, "login");
  await stranger.leaves();

  const person = await Person.works(set.browser, set.cloud, set.token);
  const { page } = person;
  await person.row("Archive").click();
  await page.keyboard.press("*");
  await person.row("Archive").getByRole("img", { name: "Starred" }).waitFor();
  await person.row("Harbour.png").click();
  await page.locator(".details-picture img").waitFor();
  await reads(page, "table");
  await person.row("Harbour.png").click({ button: "right" });
  await reads(page, "menu");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Tiles" }).click();
  await page.locator(".tile img").nth(2).waitFor();
  await reads(page, "tiles");
  await page.getByRole("button", { name: "Table" }).click();
  for (const [place, shown] of [
    ["?q=a", ".hit"],
    ["?q=nowhere", ".blank"],
    ["?place=recent", ".hit"],
    ["?place=starred", ".hit"],
    ["?place=links", ".my-links .blank"],
  ]) {
    await page.evaluate((hash) => void (location.hash = hash), `#/${place}`);
    await page.clock.runFor(500);
    await page.locator(String(shown)).first().waitFor();
    await reads(page, String(place));
  }
  await page.evaluate(() => void (location.hash = "#/"));
  await person.row("Notes from the trip.md").dblclick();
  await page.getByRole("dialog").getByText("The ferry").first().waitFor();
  await reads(page, "viewer");
  // As a browser without a viewer of its own has it.
  await page.evaluate(() => Object.defineProperty(navigator, "pdfViewerEnabled", { value: false }));
  for (const { name, shown } of [
    { name: "Harbour.png", shown: "img" },
    { name: "Interview.wav", shown: "audio" },
    { name: "Payroll.csv", shown: ".blank" },
    { name: "Expenses.csv", shown: "td" },
    { name: "settings.json", shown: "pre" },
    { name: "Backup of the laptop.zip", shown: "td" },
    { name: "Contract.pdf", shown: "canvas" },
  ]) {
    await page.evaluate((hash) => void (location.hash = hash), `#/?open=${encodeURIComponent(name)}`);
    const viewer = page.getByRole("dialog", { name, exact: true });
    await viewer.locator(shown).first().waitFor();
    await viewer.locator(".spinner").first().waitFor({ state: "detached" });
    if (name === "Harbour.png") await page.keyboard.press("i");
    await reads(page, `viewer of ${name}`);
  }
  await page.keyboard.press("i");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  for (const [name, choice] of [
    ["Users", "Users"],
    ["Account", "Account"],
    ["Keyboard shortcuts", "Keyboard shortcuts"],
  ]) {
    await page.getByRole("button", { name: "Account of ada" }).click();
    await page.getByRole("menuitem", { name: String(choice) }).click();
    await page.getByRole("dialog", { name: String(name) }).waitFor();
    await reads(page, String(name));
    await page.keyboard.press("Escape");
  }
  const account = await person.opensAccount("App passwords");
  await account.getByRole("button", { name: "New app password" }).click();
  await reads(page, "a new app password");
  await account.getByLabel("Name").fill("backup");
  await account.getByRole("button", { name: "Create" }).click();
  await account.getByLabel("App password", { exact: true }).waitFor();
  await reads(page, "the text of an app password");
  await account.getByRole("button", { name: "Done" }).click();
  await account.getByRole("listitem").first().waitFor();
  await reads(page, "app passwords");
  await account.getByRole("button", { name: "Password", exact: true }).click();
  await reads(page, "changing the password");
  await page.keyboard.press("Escape");
  const users = await person.opensUsers();
  await users.getByRole("button", { name: "Manage grace" }).click();
  await reads(page, "a user");
  await users.getByRole("button", { name: "Remove grace …" }).click();
  await reads(page, "removing a user");
  await page.keyboard.press("Escape");
  await person.opensServices();
  await page.getByText("Free", { exact: true }).first().waitFor();
  await reads(page, "services");
  await page.keyboard.press("Escape");
  for (const choice of ["Copy a link", "Share", "Transfer ownership", "Move"]) {
    await person.chooses("Harbour.png", choice);
    await page.getByRole("dialog").waitFor();
    await reads(page, choice);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  }
  await person.chooses("Harbour.png", "Move");
  await page.getByRole("dialog").getByRole("button", { name: "New folder" }).click();
  await page.keyboard.type("a/b");
  await reads(page, "new folder while moving");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await person.row("Payroll.csv").click({ button: "right" });
  await reads(page, "menu of somebody else's file");
  await page.keyboard.press("Escape");
  await person.row("Harbour.png").click();
  await page.keyboard.press("F2");
  await page.getByLabel("New name of Harbour.png").waitFor();
  await reads(page, "rename");
  await page.keyboard.press("Escape");
  await person.leaves();
});

test("uploads, questions and empty folders can be read", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token, { at: "/#/Projects" });
  const { page } = person;
  await page.getByText("This folder is empty").waitFor();
  await reads(page, "empty");
  const gate = await Gate.before(page);
  const local = await mkdtemp(path.join(tmpdir(), "looks-"));
  const sizes = {
    "Film of the move.mp4": 52,
    "Scans.zip": 38,
    "Floor plan.pdf": 3,
    "Letter.txt": 1,
    "Recording.wav": 9,
    "Slides.pdf": 4,
  };
  for (const [name, mebibytes] of Object.entries(sizes)) await truncated(path.join(local, name), mebibytes * 2 ** 20);
  const files = Object.keys(sizes).map((name) => path.join(local, name));
  // The chunks of the two large ones pass, so that nothing is stored and the folder stays empty.
  await page.setInputFiles("#pick-files", files.slice(0, 2));
  await gate.holds(4);
  await gate.pass(4);
  await gate.holds(4);
  await page.setInputFiles("#pick-files", files.slice(2));
  // All chunks that may be on their way are those of the large ones: the others have services, and send nothing.
  await page.locator('.queue-row[data-state="sending"]').nth(3).waitFor();
  await page.getByRole("button", { name: "Pause Scans.zip" }).click();
  await page.locator('.queue-row[data-state="paused"]').waitFor();
  await reads(page, "queue");
  await page.getByRole("button", { name: "Cancel all" }).click();
  await reads(page, "cancelling all");
  await page.keyboard.press("Escape");
  await page.clock.runFor(12_000);
  await page.getByText("Uploads have stalled").waitFor();
  await reads(page, "stalled");
  await page.reload();
  const unfinished = page.locator('.queue-row[data-state="kept"]');
  await unfinished.nth(1).waitFor();
  await reads(page, "unfinished uploads");
  for (const name of Object.keys(sizes).slice(0, 2))
    await page.getByRole("button", { name: `Discard the upload of ${name}` }).click();
  await unfinished.first().waitFor({ state: "detached" });
  await rm(local, { recursive: true });
  await gate.open();
  await person.uploads([{ name: "twice.txt", buffer: Buffer.from("1") }]);
  await person.row("twice.txt").waitFor();
  await person.uploads([{ name: "twice.txt", buffer: Buffer.from("2") }]);
  const question = page.getByRole("dialog", { name: "Name already exists" });
  await question.waitFor();
  await reads(page, "overwrite");
  await question.getByRole("button", { name: "Decide later" }).click();
  await page.getByRole("button", { name: "Decide", exact: true }).waitFor();
  await reads(page, "put off");
  await page.getByRole("button", { name: "Upload", exact: true }).click();
  await page.getByRole("menuitem", { name: "Upload as public files" }).click();
  await reads(page, "public files");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Decide", exact: true }).click();
  await question.getByRole("button", { name: /^Skip/ }).click();
  await person.row("twice.txt").click();
  await page.keyboard.press("Delete");
  await page.getByRole("button", { name: "Undo" }).waitFor();
  await reads(page, "undo");
  await page.clock.fastForward(8_000);
  await person.leaves();
});

test("a narrow screen shows everything", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token, {
    viewport: { width: 360, height: 740 },
    hasTouch: true,
    isMobile: true,
  });
  const { page } = person;
  const overflows = () => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  await person.row("Harbour.png").waitFor();
  assert.equal(await overflows(), false);
  await reads(page, "narrow table");
  await page.getByRole("button", { name: "Tiles" }).tap();
  await page.locator(".tile img").first().waitFor();
  assert.equal(await overflows(), false);
  await page.getByRole("button", { name: "Table" }).tap();
  await page.getByRole("button", { name: "Open the overview" }).tap();
  await page.getByText("Other").waitFor();
  await reads(page, "drawer");
  await page.getByRole("link", { name: "All files" }).tap();
  await person.row("Photos 2026").tap();
  await page.getByText("This folder is empty").waitFor();
  await page.goBack();
  await person.row("Contract.pdf").getByRole("button", { name: "Actions for Contract.pdf" }).tap();
  await page.getByRole("dialog", { name: "Contract.pdf" }).waitFor();
  await reads(page, "narrow menu");
  await page.getByRole("menuitem", { name: "Details" }).tap();
  await page.getByRole("dialog", { name: "Details" }).getByText("PDF document").waitFor();
  assert.equal(await overflows(), false);
  await reads(page, "narrow details");
  await page.getByRole("button", { name: "Close" }).tap();
  await page.getByRole("button", { name: "Clear the selection" }).tap();
  await page.getByRole("button", { name: "Sorted by Name" }).tap();
  await page.getByRole("menuitemradio", { name: "A to Z" }).waitFor();
  await reads(page, "narrow order");
  await person.leaves();
});

test("a narrow dialog holds long names and all that is said of a user", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token, {
    viewport: { width: 360, height: 740 },
    at: "/#/Archive",
  });
  const { page } = person;
  const spills = () =>
    page.evaluate(() =>
      [...document.querySelectorAll("dialog[open] *")]
        .filter((each) => getComputedStyle(each).overflowY === "auto" && each.scrollWidth > each.clientWidth)
        .map((each) => each.className),
    );
  const name = `${"n".repeat(123)}.txt`;
  await person.uploads([{ name, buffer: Buffer.from("1") }]);
  await person.row(name).waitFor();
  await person.uploads([{ name, buffer: Buffer.from("2") }]);
  const question = page.getByRole("dialog", { name: "Name already exists" });
  await question.waitFor();
  assert.deepEqual(await spills(), []);
  await question.getByRole("button", { name: /^Skip/ }).click();
  await person.chooses(name, "Copy a link");
  const link = page.getByRole("dialog", { name: "Link" });
  assert.deepEqual(await spills(), []);
  await link.getByRole("button", { name: "Create link" }).click();
  await link.getByRole("button", { name: "Copy" }).waitFor();
  assert.deepEqual(await spills(), []);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Open the overview" }).click();
  const users = await person.opensUsers();
  await users.getByRole("button", { name: "Manage ada" }).waitFor();
  assert.deepEqual(await spills(), []);
  await person.leaves();
});

test("why a name is impossible is seen as a whole, in the table and on tiles", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token, { viewport: { width: 360, height: 740 } });
  const { page } = person;
  for (const view of ["Table", "Tiles"]) {
    // On a phone one button leads to the other view.
    if (view === "Tiles") await page.getByRole("button", { name: view }).click();
    const item = page.locator(".row, .tile").filter({ hasText: "Harbour.png" });
    await item.click();
    await page.keyboard.press("F2");
    await page.keyboard.type("a/b");
    await page.getByText("A name cannot contain slashes").waitFor();
    const covered = await page.locator(".rename-problem").evaluate((problem) => {
      const { left, right, top, bottom } = problem.getBoundingClientRect();
      const corners = [
        [left + 4, top + 4],
        [right - 4, top + 4],
        [left + 4, bottom - 4],
        [right - 4, bottom - 4],
      ];
      return corners.filter(([x, y]) => document.elementFromPoint(Number(x), Number(y)) !== problem);
    });
    assert.deepEqual(covered, [], view);
    await page.keyboard.press("Escape");
  }
  await person.leaves();
});

test("a login that is higher than the window can be scrolled to its beginning", async () => {
  const person = await Person.visits(set.browser, set.cloud, { viewport: { width: 640, height: 300 } });
  await person.page.getByRole("heading", { name: "Welcome back" }).waitFor();
  const top = await person.page.evaluate(() => {
    document.querySelector("main")?.scrollTo(0, 0);
    return document.querySelector(".sign-in-card")?.getBoundingClientRect().top ?? -1;
  });
  assert.ok(top >= 0);
  await person.leaves();
});

test("nothing moves while the page loads", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token);
  await person.row("Harbour.png").waitFor();
  const shift = await person.page.evaluate(
    () =>
      new Promise((resolve) => {
        let sum = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) sum += /** @type {any} */ (entry).value;
        }).observe({ type: "layout-shift", buffered: true });
        // What was buffered is told before the next frame but one.
        requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)));
      }),
  );
  assert.ok(Number(shift) < 0.02, `layout shift ${shift}`);
  await person.leaves();
});

test("who wants less motion gets none", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token, { reducedMotion: "reduce" });
  const dialog = await person.opensServices();
  await dialog.waitFor();
  const duration = await dialog.evaluate((element) => Number.parseFloat(getComputedStyle(element).animationDuration));
  assert.ok(duration < 0.001);
  await person.leaves();
});

test("the page is small, and all of it comes from here", async () => {
  const person = await Person.visits(set.browser, set.cloud);
  await person.page.getByRole("heading", { name: "Welcome back" }).waitFor();
  const loaded = await person.page.evaluate(() =>
    [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].map((entry) => ({
      name: entry.name,
      bytes: /** @type {PerformanceResourceTiming} */ (entry).transferSize,
    })),
  );
  const bytes = loaded.reduce((sum, each) => sum + each.bytes, 0);
  assert.ok(bytes > 10_000 && bytes < LARGEST, `${bytes} bytes`);
  assert.deepEqual(
    loaded.filter((each) => !each.name.startsWith(set.cloud.url)),
    [],
  );
  await person.leaves();
});
